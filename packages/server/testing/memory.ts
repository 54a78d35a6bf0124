import { readFileSync } from 'node:fs';

/** Resident megabytes of a process and those that it started. */
export function residentMegabytes(pid: number): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    const [, kilobytes] =
      /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    const others = children === '' ? [] : children.split(' ').map(Number);
    return others.reduce((sum, one) => sum + residentMegabytes(one), Number(kilobytes ?? 0) / 1024);
  } catch {
    // It has just ended.
    return 0;
  }
}
