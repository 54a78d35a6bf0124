// What the benchmarks share: running the command line as a user would, and saying where that was.

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/**
 * Runs the command line of a checkout, built.
 * @returns its output, its wall time in seconds and its peak resident memory in MB (0 where there is no /proc)
 */
export function bigrid(words, checkout = root) {
  return new Promise((done, failed) => {
    const started = performance.now();
    const cli = join(checkout, 'packages', 'cli', 'bin', 'bigrid.js');
    const child = spawn(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, errors, peak] = ['', '', 0];
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
      } catch {
        // It has just ended, or this system has no /proc: the figure stays what it was.
      }
    }, 50);
    child.on('close', (code) => {
      clearInterval(watch);
      const seconds = (performance.now() - started) / 1000;
      if (code === 0) done({ output, seconds, peak });
      else failed(new Error(`bigrid ${words.join(' ')} ended with ${code}:\n${errors}`));
    });
  });
}

/** The commit that is checked out, short, with a plus where files differ from it. */
export function revision(checkout = root) {
  const git = (...words) => execFileSync('git', words, { cwd: checkout, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
  return git('rev-parse', '--short', 'HEAD') + (changed ? '+' : '');
}

/** Processors, Node.js, revision and date, as a report says them. */
export function circumstances() {
  const date = new Date().toISOString().slice(0, 10);
  return `${cpus().length} x ${cpus()[0].model}, Node.js ${process.version}, revision ${revision()}, ${date}`;
}
