// Kills trainings with SIGKILL at random points, resumes them with `bigrid train --resume`, and compares the results with
// those of an uninterrupted training: the model file and all files next to it must be identical except for dates. Images
// are small and steps are few, with a checkpoint after every image and every step, so that many kills fall into the
// saving itself.
//
//   npm run bench:kill -- [--trials 100] [--seed 1] [--jobs 2]

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '@bigrid/method';
import { train } from '@bigrid/node';
import { writeSyntheticLine } from '../packages/node/dist/synthetic/line.js';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    victim: { type: 'string' },
  },
});
/** Two stages, so that kills also fall between them. */
const options = {
  size: 64,
  epochs: 6,
  grids: 'normal+restoring',
  depth: 1,
  localResolution: 4,
  globalResolution: 2,
  threads: 1,
};

if (values.victim) {
  // The training to be killed: it reports each event, so that the killer knows its progress.
  const tell = (text) => writeSync(1, `${text}\n`);
  const onEvent = ({ type, phase, done }) => type === 'progress' && tell(`${phase} ${done}`);
  tell('start');
  const saves = { resume: true, checkpointSeconds: 0 };
  const out = values.victim;
  await train(join(out, '../../data'), { ...options, ...saves, out, onEvent });
  tell('written');
  process.exit();
}

const work = mkdtempSync(join(tmpdir(), 'bigrid-kill-'));
const cli = resolve(import.meta.dirname, '../packages/cli/bin/bigrid.js');
const random = new Random(Number(values.seed));
const trials = Number(values.trials);

/** Runs a training that reports its events, and kills it shortly after one of them. @returns all reported events */
async function victim(out, killAfter, pause) {
  const child = spawn(process.execPath, [import.meta.filename, '--victim', out], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((done) => child.on('close', done));
  const told = [];
  for await (const line of createInterface({ input: child.stdout })) {
    told.push({ line, at: performance.now() });
    if (told.length !== killAfter) continue;
    await setTimeout(pause);
    child.kill('SIGKILL');
  }
  await ended;
  return told;
}

/** Resumes as a user would. */
async function resume(out) {
  const flags = Object.entries(options).flatMap(([name, value]) => [
    `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  const words = ['train', join(work, 'data'), '--out', out, ...flags, '--resume', '--quiet'];
  const child = spawn(process.execPath, [cli, ...words]);
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const code = await new Promise((done) => child.on('close', done));
  return code === 0 ? undefined : `ended with ${code}: ${errors}`;
}

/** The files that a training left in a folder: names and bytes, without the date of the model. */
const left = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      const content = readFileSync(file, 'latin1').replace(/"createdAt":"[^"]*"/, '');
      return [relative(folder, file), content];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** @returns the differences */
async function tryOnce(trial) {
  const folder = join(work, String(trial));
  mkdirSync(folder);
  const out = join(folder, 'model.onnx');
  // Every tenth is killed a second time.
  for (let kill = 0; kill < (trial % 10 === 0 ? 2 : 1); kill++) {
    const killAfter = random.integer(1, events.length - 1 - (kill ? events.length >> 1 : 0));
    const told = await victim(out, killAfter, random.uniform(0, 2 * gap));
    count(`after ${told.at(-1).line.replace(/ \d+$/, '')}`);
  }
  const saved = filesIn(`${out}.checkpoint`);
  if (saved.includes('state')) count('had a checkpoint');
  if (saved.some((name) => name.endsWith('.tmp'))) count('in the middle of writing a file');
  const error = await resume(out);
  if (error) return error;
  const found = left(folder);
  const names = found.map(([name]) => name);
  if (names.join() !== expected.map(([name]) => name).join()) return `left ${names.join(', ')}`;
  const other = names.find((_, at) => found[at][1] !== expected[at][1]);
  if (other !== undefined) return `another ${other}`;
  rmSync(folder, { recursive: true });
  return undefined;
}

await writeSyntheticLine(join(work, 'data'), { goodCount: 8, size: 64 });
mkdirSync(join(work, 'whole'));
const whole = join(work, 'whole/model.onnx');
const events = await victim(whole, Number.POSITIVE_INFINITY, 0);
const expected = left(join(work, 'whole'));
const gap = (events.at(-1).at - events[0].at) / events.length;
console.log(`${events.length} events ${gap.toFixed(0)} ms apart, ${trials} trials`);

const counts = new Map();
const count = (what) => counts.set(what, (counts.get(what) ?? 0) + 1);
let [started, ended, faults] = [0, 0, 0];
const worker = async () => {
  while (started < trials) {
    const trial = ++started;
    const fault = await tryOnce(trial);
    if (fault) {
      faults++;
      console.error(`Trial ${trial}: ${fault}`);
    }
    if (++ended % 10 === 0) console.log(`${ended} trials, ${faults} faults`);
  }
};
await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
rmSync(work, { recursive: true });
console.log('Killed:', [...counts].map(([what, count]) => `${count} ${what}`).join(', '));
console.log(
  `${trials - faults} of ${trials} trainings gave the same result as the uninterrupted one`,
);
process.exit(faults > 0 ? 1 : 0);

function filesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
