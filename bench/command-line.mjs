// What the benchmarks share: running the command line as a user would, and saying where that was.

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/**
 * Runs the command line of a checkout, built.
 * @returns its output, its wall time in seconds and, where there is /proc (0 elsewhere), its peak resident memory in MB
 *   and the seconds that cores worked for it, which other work on the machine changes little
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
    // The kernel keeps the peak (VmHWM) itself; asking often only makes sure of the last moments.
    const watch = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        const [, kilobytes] = status.match(/VmHWM:\s+(\d+)/) ?? [];
        if (kilobytes) peak = Number(kilobytes) / 1024;
        // Behind the name of the program, which may hold anything: in user and in system mode, in hundredths.
        const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        coreSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
      } catch {
        // It has just ended, or this system has no /proc: the figure stays what it was.
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

/** The commit that is checked out, short, with a plus where files differ from it. */
export function revision(checkout = root) {
  const git = (...words) => execFileSync('git', words, { cwd: checkout, encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? '+' : '');
  } catch {
    // No repository, or one of somebody else, which git does not read.
    return 'unknown';
  }
}

/** Processors, Node.js, revision and date, as a report says them. */
export function circumstances() {
  const date = new Date().toISOString().slice(0, 10);
  return `${cpus().length} x ${cpus()[0].model}, Node.js ${process.version}, revision ${revision()}, ${date}`;
}
