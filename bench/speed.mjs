// Measures speed: images per second from disk, latency, a breakdown of the time, training, memory, startup, and the
// engine's upper bound. Images are synthetic: no data is needed.
//
//   npm run bench -- [--base REV] [--only REGEX] [--rounds N] [--data DIR] [--json FILE] [--page FILE.md]
//
//   --base REV   also builds that revision and compares: both take turns in each round
//   --only       figures whose name matches, ignoring case
//   --rounds     how often each is measured; default 9; training is measured in every fourth
//   --data DIR   good images to time training on; default: 60 synthetic ones of 900 x 900
//   --json FILE  all measurements; default bench/results/speed.json
//   --page FILE  writes the table to the generated part `bench` of that page, as in docs/benchmarks/speed.md

import { execFileSync, fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fillPart } from '../scripts/docs/generated-parts.mjs';
import { circumstances, revision } from './command-line.mjs';
import { figures } from './speed/figures.mjs';
import { writeImages } from './speed/images.mjs';
import { tableOf } from './speed/page.mjs';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '9' },
    data: { type: 'string' },
    json: { type: 'string', default: join(root, 'bench', 'results', 'speed.json') },
    page: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const wanted = new RegExp(values.only, 'i');
const chosen = figures.filter(({ name }) => wanted.test(name));
if (!(rounds >= 1) || chosen.length === 0) {
  console.error('Expected --rounds of at least 1 and --only that matches a figure.');
  console.error(`Figures:\n  ${figures.map(({ name }) => name).join('\n  ')}`);
  process.exit(64);
}

const work = mkdtempSync(join(tmpdir(), 'bigrid-bench-'));
const say = (text) => console.error(text);
const sides = [];
try {
  say('Drawing images that are not yet in the temporary folder ...');
  const folders = await writeImages(join(tmpdir(), 'bigrid-bench-images'));
  if (values.data) folders.training = resolve(values.data);
  sides.push(await side('now', root, folders));
  if (values.base) sides.push(await side('base', await checkoutOf(values.base), folders));
  const samples = await measure();
  report(samples);
} finally {
  for (const { child } of sides) child.disconnect();
  rmSync(work, { recursive: true, force: true });
}

/** Builds a revision in a temporary folder, where it is kept for the next run. */
async function checkoutOf(name) {
  const git = (...words) => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
  const commit = git('rev-parse', '--short', `${name}^{commit}`);
  const folder = join(tmpdir(), `bigrid-bench-base-${commit}`);
  if (!existsSync(folder)) {
    git('worktree', 'prune');
    git('worktree', 'add', '--detach', folder, commit);
  }
  say(`Building ${commit} in ${folder} ...`);
  execFileSync(process.execPath, [join(folder, 'scripts', 'setup.mjs')], { stdio: 'inherit' });
  return folder;
}

/** A process that measures one checkout. */
async function side(name, checkout, folders) {
  const folder = join(work, name);
  mkdirSync(folder);
  const child = fork(join(root, 'bench', 'speed', 'revision.mjs'), [checkout, folder]);
  const answer = () =>
    new Promise((done, failed) => {
      const ended = (code) => failed(new Error(`The process of ${name} ended with ${code}`));
      child.once('exit', ended);
      child.once('message', ({ result, error }) => {
        child.off('exit', ended);
        if (error) failed(new Error(error));
        else done(result);
      });
    });
  const ask = (message) => {
    const answered = answer();
    child.send(message);
    return answered;
  };
  await answer();
  await ask({ folders });
  return { name, checkout, child, ask };
}

/** @returns `samples[figure][part][side]`, a number per round */
async function measure() {
  const samples = {};
  for (let round = 0; round < rounds; round++) {
    say(`Round ${round + 1} of ${rounds} (load ${loadavg()[0].toFixed(1)})`);
    // The order alternates between rounds.
    const order = round % 2 === 0 ? sides : [...sides].reverse();
    for (const { name, measure, parameters, seldom, once } of chosen) {
      if ((seldom && round % 4 !== 0) || (once && round > 0)) continue;
      for (const { name: side, ask } of order) {
        const parts = await ask({ measure, parameters });
        for (const [part, value] of Object.entries(parts)) {
          samples[name] ??= {};
          samples[name][part] ??= {};
          samples[name][part][side] ??= [];
          samples[name][part][side].push(value);
        }
      }
    }
  }
  return samples;
}

function report(samples) {
  const base = values.base ? revision(sides[1].checkout) : undefined;
  const where = `${circumstances()}${base ? `, against ${base}` : ''}, ${rounds} rounds, load average ${loadavg()[0].toFixed(0)} on ${availableParallelism()} cores`;
  const table = tableOf(chosen, samples, base !== undefined);
  console.log(`${where}\n\n${table}`);
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(
    values.json,
    `${JSON.stringify({ circumstances: where, load: loadavg(), samples }, undefined, 1)}\n`,
  );
  say(`All measurements are in ${values.json}`);
  if (values.page) {
    const page = readFileSync(values.page, 'utf8');
    writeFileSync(values.page, fillPart(page, 'bench', `${where}.\n\n${table}`));
  }
}
