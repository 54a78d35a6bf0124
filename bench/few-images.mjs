// Accuracy against the number of good images to learn from.
//
//   npm run bench:few -- [DIR...] [--counts 5,10,20,31] [--seeds 1,2,3] [--threads N] [--fresh] [--log FILE.jsonl] [--table FILE.md]
//
// Trains on that many images of train/good, drawn by seed, as `bigrid train` does by default, and evaluates on all test
// images; `all` among the counts takes every image. Appends one row per run to the log. Runs already in the log, by the
// name of the folder, are listed and not repeated, except with `--fresh`. The generated part `bench:few` of the table is
// drawn from the log after new runs, or if no folder is given.

import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '@bigrid/method';
import { evaluate, openTrainingFolder, train } from '@bigrid/node';
import { table } from '../scripts/docs/markdown-table.mjs';
import { machine, revision } from './command-line.mjs';
import { conclude, RunLog } from './run-log.mjs';
import { mean, meanAndDeviation } from './statistics.mjs';

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    counts: { type: 'string', default: '5,10,20,31' },
    seeds: { type: 'string', default: '1,2,3' },
    threads: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    log: { type: 'string', default: join(import.meta.dirname, 'results', 'few-images.jsonl') },
    table: { type: 'string' },
  },
});
const threads = values.threads === undefined ? {} : { threads: Number(values.threads) };
const log = new RunLog(values.log, values.fresh);
const known = [];
const columns = ['imageAuroc', 'pixelAp', 'aupro'];

for (const folder of folders) {
  for (const count of values.counts.split(',')) {
    for (const seed of values.seeds.split(',').map(Number)) await measure(folder, count, seed);
  }
}
conclude({ log, known, folders, values, part: 'bench:few', tables });

async function measure(folder, count, seed) {
  const wanted = { data: basename(resolve(folder)), configuration: count, seed };
  const earlier = log.find(wanted);
  if (earlier) {
    known.push(earlier);
    return;
  }
  const { classes } = await openTrainingFolder(folder);
  const all = classes.flatMap(({ entries }) => entries);
  const order = new Random(seed).fork('few images').permutation(all.length);
  const drawn = order.slice(0, count === 'all' ? all.length : Number(count)).map((at) => all[at]);
  const started = performance.now();
  const paths = drawn.map(({ path }) => path);
  const bundle = await train({ [wanted.data]: paths }, { seed, ...threads });
  const seconds = (performance.now() - started) / 1000;
  const evaluation = await evaluate(bundle, folder, threads);
  const [metrics] = Object.values(evaluation.classes);
  log.add({
    ...wanted,
    ...metrics,
    free: bundle.manifest.training.free !== undefined,
    seconds,
    machine: machine(),
    revision: revision(),
    date: new Date().toISOString().slice(0, 10),
  });
  const figures = columns.map((column) => metrics[column].toFixed(4)).join(' / ');
  console.log(`${wanted.data}, ${count} images, seed ${seed}: ${figures}, ${seconds.toFixed(0)} s`);
}

/** A section per data set: a row per number of images. */
function tables(rows) {
  const cell = (numbers) =>
    numbers.length > 1 ? meanAndDeviation(numbers, 3) : mean(numbers).toFixed(3);
  return [...Map.groupBy(rows, ({ data }) => data)]
    .map(([data, own]) => {
      const byCount = Map.groupBy(own, ({ configuration }) => configuration);
      const lines = [...byCount].map(([count, runs]) => [
        count,
        ...columns.map((column) => cell(runs.map((run) => run[column]))),
        `${runs.filter(({ free }) => free).length} of ${runs.length}`,
        mean(runs.map(({ seconds }) => seconds)).toFixed(0),
      ]);
      const each = (field) => [...new Set(own.map((row) => row[field]))].join(', ');
      const head = ['good images', 'image AUROC', 'pixel AP', 'AUPRO', 'found free', 'training, s'];
      const about = `${each('machine')}, revision ${each('revision')}, ${each('date')}.`;
      return `### ${data}\n\n${about}\n\n${table(head, lines)}`;
    })
    .join('\n\n');
}
