// Whether thresholds keep their guarantee: pools the good images of train and test, trains on some of them, drawn by seed,
// and compares how many of the others score above the threshold with what `bigrid train` says.
//
//   npm run bench:false-positives -- DIR... [--learn 30,100,all] [--resplits 20] [--first 0] [--rules quantile:0.99,max-fpr:0.05]
//     [--results FILE.jsonl] [--share 1/1] [--threads 2] [--seconds N]
//
// `all` trains on as many images as the set has for training. One training serves all rules that need no more images than
// the default. Results go to a file, a line per resplit (default: bench/results/false-positives.jsonl), and are not repeated;
// `--share 2/8` does every eighth part of the work from the second on, for several processes at once; after `--seconds`, no
// new part is started. The table covers everything in the file.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import {
  isAnomalous,
  promised,
  resolveTrainOptions,
  scoreImages,
  train,
  underRules,
} from '@bigrid/inspect';
import { Random } from '@bigrid/method';
import { openTestFolder, openTrainingFolder, version } from '@bigrid/node';
import { extractFeatures } from '../packages/inspect/dist/training/feature-extraction.js';
import { trainingEngines } from '../packages/node/dist/engine/engine.js';
import { embeddedBackbone } from '../packages/node/dist/training/backbones.js';
import { fileScratch } from '../packages/node/dist/training/scratch.js';
import { deviation, mean } from './statistics.mjs';

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    learn: { type: 'string', default: '30,100,all' },
    resplits: { type: 'string', default: '20' },
    first: { type: 'string', default: '0' },
    rules: { type: 'string', default: 'quantile:0.99,max-fpr:0.05' },
    results: { type: 'string', default: 'bench/results/false-positives.jsonl' },
    share: { type: 'string', default: '1/1' },
    threads: { type: 'string', default: '2' },
    seconds: { type: 'string' },
  },
});
if (folders.length === 0) {
  console.error(
    'Expected a data folder, for example: npm run bench:false-positives -- data/bottle',
  );
  process.exit(64);
}
const rules = values.rules.split(',');
const [share, shares] = values.share.split('/').map(Number);
const backbone = await embeddedBackbone();
const { engine, imageEngine } = trainingEngines({ threads: Number(values.threads) });
const fast = resolveTrainOptions({});
const keyOf = ({ set, learn, resplit }) => `${set} ${learn} ${resplit}`;
const records = existsSync(values.results)
  ? readFileSync(values.results, 'utf8').trim().split('\n').filter(Boolean).map(JSON.parse)
  : [];

const until =
  values.seconds === undefined ? Number.POSITIVE_INFINITY : 1000 * Number(values.seconds);
let piece = 0;
for (const folder of folders) await measureSet(folder);
for (const set of new Set(records.map((record) => record.set))) printSet(set);

async function measureSet(folder) {
  const set = basename(folder);
  const classes = (await openTrainingFolder(folder)).classes;
  const training = classes.flatMap(({ entries }) => entries);
  const test = (await openTestFolder(folder)).filter((entry) => !isAnomalous(entry));
  const all = [...training, ...test];
  const known = new Set(records.map(keyOf));
  const pieces = [];
  for (let resplit = Number(values.first); resplit < Number(values.resplits); resplit++) {
    for (const learn of values.learn.split(',')) {
      const count = learn === 'all' ? training.length : Number(learn);
      const isMine = piece++ % shares === share - 1;
      if (isMine && !known.has(keyOf({ set, learn, resplit })))
        pieces.push({ set, learn, resplit, count });
    }
  }
  if (pieces.length === 0) return;
  const whole = await extractFeatures({
    imageEngine,
    backbone,
    method: fast.method,
    entries: all,
    openScratch: fileScratch,
    onEvent: () => {},
  });
  for (const one of pieces) {
    if (performance.now() > until) break;
    const record = await measure(one, all, whole);
    records.push(record);
    appendFileSync(values.results, `${JSON.stringify(record)}\n`);
    console.error(JSON.stringify(record));
  }
  await whole.scratch.dispose();
}

async function measure({ set, learn, resplit, count }, all, whole) {
  const order = new Random(resplit).fork(`resplit ${set}`).permutation(all.length);
  const entries = order.slice(0, count).map((at) => all[at]);
  const others = order.slice(count).map((at) => all[at]);
  const started = performance.now();
  const bundle = await train({
    engine,
    imageEngine,
    backbone,
    classes: [{ name: set, entries }],
    seed: resplit,
    version,
    extract: async () => partOf(whole, entries),
    profile: 'fast',
    method: fast.method,
    schedule: fast.schedule,
    openScratch: fileScratch,
    now: () => new Date(),
  });
  const seconds = (performance.now() - started) / 1000;
  const scored = await scoreImages({ engine: imageEngine, model: bundle, entries: others });
  const byRule = rules.map((rule) => {
    const { calibration } = underRules(bundle.manifest, { threshold: rule });
    const { falsePositiveRate } = promised(calibration);
    const above = scored.filter(({ score }) => score > calibration.threshold).length;
    return [rule, { promised: falsePositiveRate, above }];
  });
  const { origin } = bundle.manifest.calibration;
  const { images, parts } = promised(bundle.manifest.calibration);
  return {
    set,
    learn,
    resplit,
    origin,
    images,
    parts,
    isFree: bundle.manifest.training.free !== undefined,
    learnt: bundle.manifest.training.images,
    tested: scored.length,
    seconds: Math.round(seconds),
    rules: Object.fromEntries(byRule),
  };
}

/** The records of some of the images, in their order. */
function partOf(whole, entries) {
  const places = new Map(whole.images.map(({ entry }, at) => [entry, at]));
  const at = entries.map((entry) => places.get(entry));
  return {
    ...whole,
    images: at.map((place) => whole.images[place]),
    scratch: {
      append: () => Promise.reject(new Error('read before')),
      read: (index, block) => whole.scratch.read(at[index], block),
      dispose: async () => {},
    },
  };
}

function printSet(set) {
  for (const learn of values.learn.split(',')) {
    const own = records.filter((record) => record.set === set && record.learn === learn);
    if (own.length === 0) continue;
    for (const rule of rules) {
      const rates = own.map((record) => record.rules[rule].above / record.tested);
      const promises = own.map((record) => record.rules[rule].promised ?? Number.NaN);
      const error = deviation(rates) / Math.sqrt(rates.length);
      const kept = mean(rates) <= mean(promises) + 2 * error ? 'kept' : 'BROKEN';
      const percent = (rate) => `${(100 * rate).toFixed(1)} %`;
      const { origin } = own[0];
      console.log(
        `| ${set} | ${learn} | ${rule} | ${origin} | ${mean(own.map(({ images }) => images)).toFixed(0)} of ${mean(own.map(({ parts }) => parts)).toFixed(0)} | ${percent(mean(promises))} | ${percent(mean(rates))} ± ${percent(error)} | ${own.length} | ${kept} |`,
      );
    }
  }
}
