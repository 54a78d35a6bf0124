import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type Ended, ended, start } from './command-line.ts';

/** A running `bigrid watch`. */
export interface Watching {
  readonly child: ChildProcess;
  /** Its standard output so far. */
  readonly results: { path: string; [name: string]: unknown }[];
  /** Its standard error so far. */
  said(): string;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** Starts to watch, and waits until it is watching. */
export async function startWatching(
  bundle: string,
  dir: string,
  ...flags: string[]
): Promise<Watching> {
  const child = start(['watch', bundle, dir, '--format', 'jsonl', '--threads', '1', ...flags]);
  const end = ended(child);
  onTestFinished(() => void child.kill('SIGKILL'));
  const results: Watching['results'] = [];
  let [rest, said] = ['', ''];
  child.stdout?.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    results.push(...lines.map((line) => JSON.parse(line)));
  });
  child.stderr?.on('data', (text: string) => {
    said += text;
  });
  await expect.poll(() => said).toContain('Watching');
  return {
    child,
    results,
    said: () => said,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return end;
    },
  };
}

/** Retries until the expectation holds. */
export const until = (value: () => unknown) => expect.poll(value, { interval: 50 });
export const names = (results: readonly { path: string }[]) =>
  results.map(({ path }) => basename(path));

/** Names of the images in a log, in order. */
export async function pathsIn(log: string): Promise<string[]> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => basename(JSON.parse(line).path));
}
