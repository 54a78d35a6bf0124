// Shared by the benchmarks: runs the command line as a user would, and describes the machine.

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/**
 * Runs the command line of a built checkout.
 * @returns its output, its wall time in seconds and, if there is /proc (otherwise 0), its peak resident memory in
 *   MB and its processor time in seconds, which other work on the machine changes little
 */
export function bigrid(words, checkout = root) {
  return new Promise((done, failed) => {
    const started = performance.now();
    const cli = join(checkout, 'packages', 'cli', 'bin', 'bigrid.js');
    const child = spawn(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, errors, peak, coreSeconds] = ['', '', 0, 0];
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    // The kernel tracks the peak (VmHWM); frequent polling only covers the last moments.
    const watch = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        const [, kilobytes] = status.match(/VmHWM:\s+(\d+)/) ?? [];
        if (kilobytes) peak = Number(kilobytes) / 1024;
        // After the program name, which may contain anything: user and system time, in hundredths of a second.
        const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        coreSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
      } catch {
        // The process has just ended, or this system has no /proc: keep the last value.
      }
    }, 50);
    child.on('close', (code) => {
      clearInterval(watch);
      const seconds = (performance.now() - started) / 1000;
      if (code === 0) done({ output, seconds, peak, coreSeconds });
      else failed(new Error(`bigrid ${words.join(' ')} ended with ${code}:\n${errors}`));
    });
  });
}

/** The short hash of the checked-out commit, with a plus if files differ from it. */
export function revision(checkout = root) {
  const git = (...words) => execFileSync('git', words, { cwd: checkout, encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? '+' : '');
  } catch {
    // Not a repository, or one of another user, which git does not read.
    return 'unknown';
  }
}

/** Processors and Node.js, for reports. */
export function machine() {
  return `${cpus().length} x ${cpus()[0].model}, Node.js ${process.version}`;
}

/** The machine, revision and date, for reports. */
export function circumstances() {
  const date = new Date().toISOString().slice(0, 10);
  return `${machine()}, revision ${revision()}, ${date}`;
}
