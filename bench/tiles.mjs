// Small defects in large images: a model with tiles compared with one without.
//
//     npm run bench:tiles [-- --size 2048 --defect 8 --seeds 1,2,3 --network 256 --json FILE]
//
// Draws good images of machined metal (brushed lines, grain, uneven light: other noise in each) and test images of
// the same kind, half of them with one square defect of a few levels' difference at a random place. Trains through the
// API as `bigrid train` does, with `--tile auto` and without, and prints AUROC, detected defects and false
// positives at the threshold of the model, and the time of an inspection.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inspect, train } from '@bigrid/node';
import sharp from 'sharp';
import { auroc } from '../packages/inspect/dist/metrics/ranking.js';
import { Random } from '../packages/method/dist/random.js';
import { table } from '../scripts/docs/markdown-table.mjs';
import { meanAndDeviation } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '2048' },
    defect: { type: 'string', default: '8' },
    seeds: { type: 'string', default: '1,2,3' },
    good: { type: 'string', default: '30' },
    test: { type: 'string', default: '30' },
    network: { type: 'string', default: '256' },
    json: { type: 'string' },
  },
});
const side = Number(options.size);
const defectSide = Number(options.defect);
const seeds = options.seeds.split(',').map(Number);

/** Brushed metal in uneven light, in grey levels. */
function surface(random) {
  const line = new Float32Array(side);
  let drift = 0;
  for (let y = 0; y < side; y++) {
    drift = 0.9 * drift + 3 * random.normal();
    line[y] = drift;
  }
  const [lightX, lightY] = [random.uniform(0.3, 0.7), random.uniform(0.3, 0.7)];
  const level = random.uniform(120, 140);
  const data = new Uint8Array(side * side * 3);
  const grain = new Float32Array(8191).map(() => 4 * random.normal());
  for (let y = 0; y < side; y++) {
    // Strokes run along the lines: neighbours in x share their grain.
    let stroke = 0;
    const from = random.integer(0, grain.length - 1);
    for (let x = 0; x < side; x++) {
      stroke = 0.8 * stroke + grain[(from + x) % grain.length];
      const light = -40 * ((x / side - lightX) ** 2 + (y / side - lightY) ** 2);
      const value = Math.max(0, Math.min(255, Math.round(level + line[y] + stroke + light)));
      data.fill(value, (y * side + x) * 3, (y * side + x) * 3 + 3);
    }
  }
  return data;
}

/** A dark speck with a soft edge. */
function spoil(data, random) {
  const [left, top] = [
    random.integer(8, side - 8 - defectSide),
    random.integer(8, side - 8 - defectSide),
  ];
  for (let y = 0; y < defectSide; y++) {
    for (let x = 0; x < defectSide; x++) {
      const edge = Math.min(x + 1, y + 1, defectSide - x, defectSide - y);
      const depth = edge === 1 ? 30 : 60;
      for (let c = 0; c < 3; c++) {
        const at = ((top + y) * side + left + x) * 3 + c;
        data[at] = Math.max(0, data[at] - depth);
      }
    }
  }
}

async function writeImages(folder, count, random, defects) {
  await mkdir(folder, { recursive: true });
  const raw = { width: side, height: side, channels: 3 };
  for (let i = 0; i < count; i++) {
    const own = random.fork(`${folder.split('/').at(-1)} ${i}`);
    const data = surface(own);
    if (defects) spoil(data, own);
    const bytes = await sharp(data, { raw }).png({ compressionLevel: 1 }).toBuffer();
    await writeFile(join(folder, `${String(i).padStart(3, '0')}.png`), bytes);
  }
}

async function measure(folder, seed, tile) {
  let started = performance.now();
  const bundle = await train(join(folder, 'good'), { seed, tile, size: Number(options.network) });
  const training = (performance.now() - started) / 1000;
  const { threshold } = bundle.manifest.calibration;
  const scores = { good: [], bad: [] };
  started = performance.now();
  for (const kind of ['good', 'bad']) {
    for await (const verdict of inspect(bundle, [join(folder, 'test', kind)]))
      scores[kind].push(verdict.score);
  }
  const all = [...scores.good, ...scores.bad];
  const share = (values) => values.filter((score) => score > threshold).length / values.length;
  return {
    tiles: bundle.manifest.method.tiles,
    auroc: auroc(
      all,
      Uint8Array.from(all, (_, i) => Number(i >= scores.good.length)),
    ),
    recall: share(scores.bad),
    falseAlarms: share(scores.good),
    trainingSeconds: training,
    secondsPerImage: (performance.now() - started) / 1000 / all.length,
  };
}

const results = [];
for (const seed of seeds) {
  const folder = await mkdtemp(join(tmpdir(), 'bigrid-tiles-'));
  try {
    const random = new Random(seed).fork('images');
    await writeImages(join(folder, 'good'), Number(options.good), random, false);
    await writeImages(
      join(folder, 'test', 'good'),
      Number(options.test),
      random.fork('test'),
      false,
    );
    await writeImages(join(folder, 'test', 'bad'), Number(options.test), random.fork('test'), true);
    for (const tile of [undefined, 'auto']) {
      const result = { seed, tile: tile ?? 'none', ...(await measure(folder, seed, tile)) };
      results.push(result);
      console.log(JSON.stringify(result));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const columns = ['auroc', 'recall', 'falseAlarms', 'trainingSeconds', 'secondsPerImage'];
const rows = ['none', 'auto'].map((tile) => {
  const own = results.filter((result) => result.tile === tile);
  const cells = columns.map((column) => {
    const values = own.map((result) => result[column]);
    const digits = column.endsWith('Seconds') ? 0 : 3;
    return meanAndDeviation(values, digits);
  });
  return [tile, ...cells];
});
console.log(`\n${table(['tile', ...columns], rows)}`);
if (options.json) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
