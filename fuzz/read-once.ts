import { isBigridError } from '@bigrid/errors';
import type { Target } from './target.ts';

/** A problem in how a target read an input. */
export interface Finding {
  readonly kind: 'crash' | 'slow' | 'memory';
  readonly detail: string;
}

/** Lets a target read an input once. @returns undefined if there is no problem */
export async function readOnce(target: Target, bytes: Uint8Array): Promise<Finding | undefined> {
  const { mostMemory, mostSeconds = 2 } = target;
  const before = memory();
  const started = process.cpuUsage();
  try {
    await target.read(bytes);
  } catch (error) {
    if (!isBigridError(error)) {
      const detail = String(error instanceof Error ? error.stack : error);
      return { kind: 'crash', detail };
    }
  }
  const { user, system } = process.cpuUsage(started);
  const seconds = (user + system) / 1e6;
  if (seconds > mostSeconds) return { kind: 'slow', detail: `${seconds.toFixed(1)} s` };
  const after = memory();
  const taken = Math.max(after.held - before.held, after.peak - before.peak) / 2 ** 20;
  if (taken > mostMemory) return { kind: 'memory', detail: `${taken.toFixed(0)} MB` };
  return undefined;
}

function memory(): { held: number; peak: number } {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return { held: arrayBuffers + heapUsed, peak: process.resourceUsage().maxRSS * 1024 };
}
