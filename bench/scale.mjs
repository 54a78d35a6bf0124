// The cost of training and inspection as images, classes and resolution grow. Everything runs through the command line.
// Images come from a folder of good images, resized and repeated through links.
//
//   npm run bench:scale -- FOLDER-OF-GOOD-IMAGES [--out docs/benchmarks/scaling.json] [--images 10,100] [--classes 1,10] [--sides 256]
//
// Earlier measurements of other numbers of images, classes and sides stay in the file; `--sides ''` skips sides.
//
// `npm run docs` draws docs/benchmarks/scaling.md and its figures from the numbers in docs/benchmarks/scaling.json.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { inspect, listImages } from '@bigrid/node';
import sharp from 'sharp';
import { bigrid, circumstances } from './command-line.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: 'docs/benchmarks/scaling.json' },
    images: { type: 'string', default: '10,100,1000,10000,100000' },
    classes: { type: 'string', default: '1,10,50' },
    sides: { type: 'string', default: '256,512,1024,2048,4000' },
  },
});
const [folder] = positionals;
if (!folder) {
  console.error(
    'Expected a folder of good images, for example: npm run bench:scale -- data/bottle/train/good',
  );
  process.exit(64);
}
const sources = (await listImages(resolve(folder))).slice(0, 200);
const work = mkdtempSync(join(tmpdir(), 'bigrid-scale-'));
const numbers = (text) => (text === '' ? [] : text.split(',').map(Number));

/** The size of a folder, in MB. */
function size(path) {
  try {
    const found = statSync(path);
    if (!found.isDirectory()) return found.size / 1e6;
    return readdirSync(path).reduce((sum, name) => sum + size(join(path, name)), 0);
  } catch {
    return 0;
  }
}

/** Makes the source images at a size, once. */
async function images(side, count = sources.length) {
  const target = join(work, `sources-${side}`);
  mkdirSync(target, { recursive: true });
  const files = [];
  for (const [at, source] of sources.slice(0, count).entries()) {
    const file = join(target, `${at}.png`);
    await sharp(source).resize(side, side).removeAlpha().png().toFile(file);
    files.push(file);
  }
  return files;
}

function link(files, count, target) {
  mkdirSync(target, { recursive: true });
  for (let at = 0; at < count; at++)
    symlinkSync(files[at % files.length], join(target, `${at}.png`));
}

/** Trains; returns seconds, peak memory, peak disk usage and figures from the manifest. */
async function train(data, ...flags) {
  const home = join(work, 'out');
  mkdirSync(home);
  let disk = 0;
  const watch = setInterval(() => {
    disk = Math.max(disk, size(home));
  }, 500);
  const out = join(home, 'model.onnx');
  const { seconds, peak, coreSeconds } = await bigrid([
    'train',
    data,
    '--out',
    out,
    '--seed',
    '1',
    '--quiet',
    ...flags,
  ]);
  clearInterval(watch);
  const { bytes, manifest } = JSON.parse((await bigrid(['info', out, '--json'])).output);
  const { steps, images, heldOut } = manifest.training;
  const figures = {
    seconds,
    coreSeconds,
    memory: peak,
    disk,
    bundle: bytes / 1e6,
    steps,
    learnt: images,
    heldOut,
  };
  return { figures, out, remove: () => rmSync(home, { recursive: true }) };
}

/** From file to verdict, one thread: processor time, which other work on the machine does not change. */
async function coreSecondsPerImage(bundle, files) {
  let before;
  for await (const _ of inspect(bundle, files, { threads: 1 })) before ??= process.cpuUsage();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / (files.length - 1);
}

let results = { images: [], classes: [], resolution: [] };
try {
  results = JSON.parse(readFileSync(values.out, 'utf8'));
} catch {
  // The first measurement.
}

/** Saves a row immediately, replacing an older one of the same number, because a measurement takes long. */
function keep(part, key, row) {
  const others = results[part].filter((other) => other[key] !== row[key]);
  results[part] = [...others, row].sort((a, b) => a[key] - b[key]);
  results.circumstances = circumstances();
  writeFileSync(values.out, `${JSON.stringify(results, undefined, 2)}\n`);
  const shown = Object.entries(row).map(
    ([name, value]) => `${name} ${Number(value.toPrecision(4))}`,
  );
  console.log(shown.join(', '));
}

const SMALL = 256;
const small = await images(SMALL);

for (const side of numbers(values.sides)) {
  const files = await images(side, 12);
  const data = join(work, `side-${side}`);
  link(files, files.length, data);
  const { figures, out, remove } = await train(data, '--epochs', '1');
  const { peak } = await bigrid(['inspect', out, data, '--format', 'jsonl', '--quiet']);
  const inspectCoreSeconds = await coreSecondsPerImage(out, Array(4).fill(files).flat());
  keep('resolution', 'side', { side, ...figures, inspectCoreSeconds, inspectMemory: peak });
  remove();
}

for (const count of numbers(values.images)) {
  const data = join(work, `images-${count}`);
  link(small, count, data);
  const { figures, remove } = await train(data);
  keep('images', 'count', { count, ...figures });
  remove();
  rmSync(data, { recursive: true });
}

/** Good images of all classes together. */
const OF_ALL_CLASSES = 200;
for (const classes of numbers(values.classes)) {
  const data = join(work, `classes-${classes}`);
  for (let at = 0; at < classes; at++) {
    const folder = classes === 1 ? 'good' : join(`product-${at}`, 'train', 'good');
    link(small, OF_ALL_CLASSES / classes, join(data, folder));
  }
  const { figures, remove } = await train(data, '--epochs', '1');
  keep('classes', 'classes', { classes, ...figures });
  remove();
}

rmSync(work, { recursive: true });
