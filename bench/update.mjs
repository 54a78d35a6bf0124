// What an update learns from false positives, and what it forgets: trains a model without one kind of images, updates it
// with false positives of that kind, and evaluates other images of it and the old test images, and the time it takes.
// Everything runs through the command line, as a user would run it.
//
// The kind is synthetic, because no kind in the set causes many false positives: bright tall tiles under a warmer lamp,
// each colour of an image times a factor. Images of these tiles are left out of training, under either lamp. In other
// sets `--every N` takes every Nth image instead.
//
//   npm run bench:update -- DIR [--lamp 1.1,1,0.85] [--alarms 20] [--rule max-fpr:0.05] [--size 256] [--seeds 1,2,3]
//     [--every N] [--bundles DIR] [--out FILE.md]
//
// --bundles keeps trained models, SEED/before.onnx and the files next to it, and reuses them in later runs.

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isAnomalous, scoreImages } from '@bigrid/inspect';
import { onnxRuntimeEngine, openTestFolder, openTrainingFolder, readBundle } from '@bigrid/node';
import sharp from 'sharp';
import { auroc } from '../packages/inspect/dist/metrics/ranking.js';
import { table } from '../scripts/docs/markdown-table.mjs';
import { circumstances } from './command-line.mjs';
import { mean, spread } from './statistics.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lamp: { type: 'string', default: '1.1,1,0.85' },
    alarms: { type: 'string', default: '20' },
    rule: { type: 'string', default: 'max-fpr:0.05' },
    size: { type: 'string', default: '256' },
    seeds: { type: 'string', default: '1,2,3' },
    every: { type: 'string' },
    bundles: { type: 'string' },
    out: { type: 'string' },
  },
});
const [folder] = positionals;
if (!folder) {
  console.error(
    'Expected a data folder, for example: npm run bench:update -- data/magnetic_tile --lamp 1.1,1,0.85',
  );
  process.exit(64);
}
const lamp = values.lamp.split(',').map(Number);
const seeds = values.seeds.split(',').map(Number);
const cli = resolve(import.meta.dirname, '../packages/cli/bin/bigrid.js');
const work = mkdtempSync(join(tmpdir(), 'bigrid-bench-'));
const engine = onnxRuntimeEngine();
const rows = new Map();

const good = (await openTrainingFolder(folder)).classes.flatMap(({ entries }) => entries);
const test = await openTestFolder(folder);
const isKind = await kindOf([...good, ...test]);
const others = good.filter((entry) => !isKind.has(entry));
const kind = good.filter((entry) => isKind.has(entry)).map(underLamp);
const oldTest = test.filter((entry) => !isKind.has(entry));
const kindTest = test.filter((entry) => isKind.has(entry)).map(underLamp);
link(others, join(work, 'others'));

for (const seed of seeds) {
  const home = join(values.bundles ?? work, String(seed));
  mkdirSync(home, { recursive: true });
  const at = (name) => join(work, `${seed}-${name}`);
  const [before, after, seconds] = [join(home, 'before.onnx'), at('after.onnx'), join(home, 's')];
  if (!existsSync(before)) {
    const choice = ['--seed', String(seed), '--size', values.size, '--threshold', values.rule];
    const trained = timed('train', join(work, 'others'), '--out', before, ...choice);
    writeFileSync(seconds, String(trained));
  }
  const old = await scoresUnder(before, [...kind, ...oldTest, ...kindTest]);
  const raised = kind.filter(old.isAlarm).slice(0, Number(values.alarms));
  await write(raised, at('alarms'));
  const updating = timed('update', before, at('alarms'), '--allow-suspect', '--out', after);
  const now = await scoresUnder(after, [...kind, ...oldTest, ...kindTest]);

  const unseen = kind.filter((entry) => !raised.includes(entry));
  const [oldGood, oldBad] = parted(oldTest);
  const [kindGood, kindBad] = parted(kindTest);
  for (const [state, scores] of Object.entries({ before: old, after: now })) {
    const rate = (entries) => entries.filter(scores.isAlarm).length / entries.length;
    const areaUnder = (sound, broken) =>
      auroc(
        [...sound, ...broken].map(scores.of),
        [...sound, ...broken].map((_, index) => index >= sound.length),
      );
    add(
      `above the threshold, new kind, good training images that neither saw, ${state}`,
      rate(unseen),
    );
    add(`above the threshold, new kind, test/good, ${state}`, rate(kindGood));
    add(`above the threshold, old kind, test/good, ${state}`, rate(oldGood));
    add(`defects caught, old kind, ${state}`, rate(oldBad));
    add(`defects caught, new kind, ${state}`, rate(kindBad));
    add(`image AUROC, old kind, ${state}`, areaUnder(oldGood, oldBad));
    add(`image AUROC, new kind, ${state}`, areaUnder(kindGood, kindBad));
    add(`threshold, ${state}`, scores.threshold);
  }
  add('update, s', updating);
  if (existsSync(seconds)) {
    add('training, s', Number(readFileSync(seconds, 'utf8')));
    add('update, share of the time of training', updating / Number(readFileSync(seconds, 'utf8')));
  }
}

/** Bright tall tiles: narrower than high, and brighter than most; or every Nth image. */
async function kindOf(entries) {
  if (values.every) return new Set(entries.filter((_, at) => at % Number(values.every) === 0));
  const found = new Set();
  for (const entry of entries) {
    const { width, height, data } = await entry.read();
    const brightness = data.reduce((sum, value) => sum + value, 0) / data.length;
    const shape = width / height;
    if (shape >= 0.6 && shape < 0.85 && brightness >= 125) found.add(entry);
  }
  return found;
}

/** The same image under the other lamp. */
function underLamp(entry) {
  const read = async () => {
    const { width, height, data } = await entry.read();
    const lit = data.map((value, i) => Math.min(255, Math.round(value * lamp[i % 3])));
    return { width, height, data: lit };
  };
  return { ...entry, read };
}

function parted(entries) {
  return [entries.filter((entry) => !isAnomalous(entry)), entries.filter(isAnomalous)];
}

/** Scores of images by a model. */
async function scoresUnder(file, entries) {
  const bundle = await readBundle(file);
  const scored = await scoreImages({ engine, model: bundle, entries });
  const scores = new Map(scored.map(({ entry, score }) => [entry, score]));
  const { threshold } = bundle.manifest.calibration;
  const of = (entry) => scores.get(entry);
  return { of, threshold, isAlarm: (entry) => of(entry) > threshold };
}

/** Runs the command line; wall time in seconds. */
function timed(...args) {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args, '--quiet']);
  if (status !== 0) throw new Error(`bigrid ${args.join(' ')} ended with ${status}:\n${stderr}`);
  return (performance.now() - started) / 1000;
}

/** A folder of links to images. */
function link(entries, target) {
  mkdirSync(target, { recursive: true });
  for (const { path } of entries) symlinkSync(resolve(path), join(target, basename(path)));
}

/** A folder of PNG files. */
async function write(entries, target) {
  mkdirSync(target, { recursive: true });
  for (const [index, { read }] of entries.entries()) {
    const { width, height, data } = await read();
    await sharp(data, { raw: { width, height, channels: 3 } }).toFile(join(target, `${index}.png`));
  }
}

function add(what, figure) {
  rows.set(what, [...(rows.get(what) ?? []), figure]);
  console.log(`${what}: ${figure.toFixed(4)}`);
}

const figures = [...rows].map(([what, own]) => [what, spread(own, mean(own) > 5 ? 1 : 4)]);
const page = `${circumstances()}, images at ${values.size} x ${values.size}, seeds ${seeds.join(', ')}.

${table(['what', 'mean ± deviation (each seed)'], figures)}
`;
console.log(`\n${page}`);
if (values.out) writeFileSync(values.out, page);
rmSync(work, { recursive: true });
