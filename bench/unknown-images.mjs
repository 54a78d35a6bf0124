// How often a model calls images unknown: good and defective images of its own test folder, the same good images changed as
// a whole, and images of anything else: one colour, noise, drawn scenes, photographs, other products.
//
//   npm run bench:unknown -- MODEL DIR [--others DIR ...] [--photographs DIR] [--seed 1]

import { parseArgs } from 'node:util';
import { Random } from '@bigrid/method';
import {
  imageFromBytes,
  imageFromRaw,
  inspect,
  listImages,
  openTestFolder,
  openTrainingFolder,
  readBundle,
} from '@bigrid/node';
import sharp from 'sharp';
import { imageChanges } from './image-changes.mjs';
import { quantile } from './statistics.mjs';

/** Images of each other product, and good images that are changed. */
const OTHERS = 40;
const CHANGED = 20;
/** Images of each kind of noise and photograph, and drawn scenes. */
const DRAWN = 10;
const SCENES = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    others: { type: 'string', multiple: true, default: [] },
    photographs: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const [model, folder] = positionals;
if (!model || !folder) {
  console.error('Expected a model file and its data folder: npm run bench:unknown -- MODEL DIR');
  process.exit(64);
}
const random = new Random(Number(values.seed)).fork('unknown images');
const { manifest } = await readBundle(model);
const own = await openTestFolder(folder);
const good = own.filter(({ defect }) => defect === 'good');
const { width, height } = await good[0].read();

const maxima = manifest.calibration.mapMaxima.toSorted((a, b) => a - b);
/** What a quarter of the good images reach nowhere. */
const peak = maxima[Math.ceil(0.25 * (maxima.length - 1))];
const counts = new Map();
for await (const verdict of inspect(model, images(), { threads: 1 })) count(verdict);
print();

async function* images() {
  for (const entry of own) {
    yield named(entry, entry.defect === 'good' ? 'good' : `defect: ${entry.defect}`);
  }
  yield* changed(some(good, CHANGED));
  yield* plain();
  yield* noise();
  for (let i = 0; i < SCENES; i++) yield await drawnScene();
  if (values.photographs) yield* photographs(values.photographs);
  for (const dir of values.others) {
    const { classes } = await openTrainingFolder(dir);
    const entries = classes.flatMap(({ entries }) => entries);
    for (const entry of some(entries, OTHERS)) yield named(entry, `product: ${dir}`);
  }
}

function* plain() {
  for (const grey of [0, 16, 32, 64, 96, 128, 160, 192, 224, 240, 255]) {
    const kind = grey === 0 ? 'black' : grey === 255 ? 'white' : 'grey';
    yield framed(kind, () => grey);
  }
  for (const colour of [
    [200, 30, 30],
    [40, 160, 60],
    [40, 60, 190],
  ]) {
    yield framed('one colour', (_, channel) => colour[channel]);
  }
}

function* noise() {
  for (let i = 0; i < DRAWN; i++) yield framed('uniform noise', () => random.uniform(0, 256));
  for (const deviation of [3, 10, 30, 60]) {
    for (let i = 0; i < DRAWN; i++) {
      const mean = random.uniform(60, 190);
      const grey = Float32Array.from(
        { length: width * height },
        () => mean + deviation * random.normal(),
      );
      yield framed(`Gaussian noise, deviation ${deviation}`, (pixel) => grey[pixel]);
    }
  }
}

/** Sky, ground, houses, trees and stones. */
async function drawnScene() {
  const uniform = (from, to) => random.uniform(from, to);
  const colour = (from, to) => `rgb(${[0, 1, 2].map(() => Math.round(uniform(from, to))).join()})`;
  const horizon = uniform(30, 70);
  const objects = Array.from({ length: 12 }, () => {
    const [x, across, tall] = [uniform(0, 100), uniform(5, 25), uniform(5, 45)];
    const kind = uniform(0, 1);
    if (kind < 0.4) {
      return `<rect x="${x}" y="${horizon - tall + 5}" width="${across}" height="${tall}" fill="${colour(30, 220)}"/>
        <rect x="${x + across / 4}" y="${horizon - tall / 2}" width="${across / 8}" height="${tall / 10}" fill="${colour(200, 255)}"/>`;
    }
    if (kind < 0.7) {
      return `<rect x="${x - 1}" y="${horizon - tall / 2}" width="2" height="${tall / 2 + 4}" fill="rgb(80,50,30)"/>
        <circle cx="${x}" cy="${horizon - tall / 2}" r="${across / 2}" fill="rgb(50,${Math.round(uniform(90, 180))},40)"/>`;
    }
    return `<ellipse cx="${x}" cy="${uniform(horizon, 100)}" rx="${across / 2}" ry="${across / 4}" fill="${colour(20, 200)}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" preserveAspectRatio="none" width="${width}" height="${height}">
    <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="rgb(60,110,210)"/><stop offset="1" stop-color="rgb(210,220,235)"/></linearGradient></defs>
    <rect width="100" height="100" fill="url(#sky)"/>
    <rect y="${horizon}" width="100" height="${100 - horizon}" fill="${colour(40, 150)}"/>${objects.join('')}</svg>`;
  const data = await sharp(Buffer.from(svg))
    .resize(width, height, { fit: 'fill' })
    .removeAlpha()
    .raw()
    .toBuffer();
  const grained = Uint8ClampedArray.from(data, (value) => value + uniform(-6, 6));
  return named(imageFromRaw({ data: grained, width, height, format: 'rgb' }), 'drawn scene');
}

/** Random square parts of photographs, the size of the product's images. */
async function* photographs(dir) {
  for (const path of await listImages(dir)) {
    const metadata = await sharp(path).metadata();
    const shortest = Math.min(metadata.width, metadata.height);
    for (let i = 0; i < DRAWN; i++) {
      const side = Math.round(shortest * random.uniform(0.35, 1));
      const left = Math.floor(random.uniform(0, metadata.width - side + 1));
      const top = Math.floor(random.uniform(0, metadata.height - side + 1));
      const part = sharp(path).extract({ left, top, width: side, height: side });
      yield shown('photograph', part.resize(width, height, { fit: 'fill' }));
    }
  }
}

/** Good images changed as they may be on a line, and beyond that. */
async function* changed(entries) {
  for (const [name, change] of Object.entries(imageChanges)) {
    if (name === 'unchanged') continue;
    for (const { path, read } of entries) {
      const of = async (takeRoom) => change(await read(takeRoom));
      yield { path, read: of, kind: `good: ${name}` };
    }
  }
  for (const { path } of entries) {
    for (const times of [0.3, 1.6]) {
      yield shown(`light times ${times}`, sharp(path).linear(times, 0));
    }
    yield shown('far out of focus', sharp(path).blur(0.03 * Math.min(width, height)));
    yield shown('negative', sharp(path).negate({ alpha: false }));
    for (const share of [0.2, 0.5]) {
      const { width: across, height: down } = await sharp(path).metadata();
      const by = Math.round(share * across);
      const rest = sharp(path).extract({ left: by, top: 0, width: across - by, height: down });
      const moved = rest.extend({ right: by, extendWith: 'copy' });
      yield shown(`shifted by ${100 * share} % of the width`, moved);
    }
  }
}

async function shown(kind, image) {
  return named(imageFromBytes(await image.png().toBuffer()), kind);
}

function framed(kind, at) {
  const data = Uint8ClampedArray.from({ length: 3 * width * height }, (_, i) =>
    at(Math.floor(i / 3), i % 3),
  );
  return named(imageFromRaw({ data, width, height, format: 'rgb' }), kind);
}

function named({ path, read }, kind) {
  return { path, read, kind };
}

/** As many of a list, evenly chosen. */
function some(list, most) {
  const count = Math.min(most, list.length);
  return Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)]);
}

function count(verdict) {
  if ('error' in verdict) throw verdict.error;
  const { entry, map, unknown, isAnomalous } = verdict;
  const row = counts.get(entry.kind) ?? { unknown: 0, calm: 0, shares: [] };
  counts.set(entry.kind, row);
  row.shares.push(map.data.filter((value) => value > peak).length / map.data.length);
  if (unknown) row.unknown++;
  if (unknown && !isAnomalous) row.calm++;
}

function print() {
  console.log('| images | unknown | share of the map above the peak: lowest, median, highest |');
  console.log('|---|---|---|');
  for (const [kind, { unknown, calm, shares }] of counts) {
    const [lowest, middle, highest] = [0, 0.5, 1].map((q) => quantile(shares, q).toFixed(2));
    const also = calm > 0 ? `, ${calm} of them not anomalous` : '';
    console.log(
      `| ${kind} | ${unknown} of ${shares.length}${also} | ${lowest}, ${middle}, ${highest} |`,
    );
  }
}
