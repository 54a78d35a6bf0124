// The effect of smaller weights on size, accuracy on labelled test images, and inspection rate. Models take turns.
//
//   npm run bench:export -- FILE.onnx DIR [--rounds 40]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Detector } from '@bigrid/inspect';
import {
  evaluate,
  exportBundle,
  listImages,
  onnxRuntimeEngine,
  readBundle,
  readImage,
} from '@bigrid/node';
import { table } from '../scripts/docs/markdown-table.mjs';
import { median } from './statistics.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '40' } },
});
const [file, data] = positionals;
if (!file || !data) {
  console.error(
    'Expected a model file and a data folder, for example: npm run bench:export -- bottle.onnx data/bottle',
  );
  process.exit(64);
}
const work = mkdtempSync(join(tmpdir(), 'bigrid-bench-'));
const bundles = { 'as trained': await readBundle(file) };
for (const weights of ['float16', 'int8']) {
  const out = join(work, `${weights}.onnx`);
  bundles[weights] = (await exportBundle(file, { weights, out })).bundle;
}
rmSync(work, { recursive: true });

const images = [];
for (const path of (await listImages(join(data, 'train/good'))).slice(0, 8)) {
  images.push(await readImage(path));
}
const engine = onnxRuntimeEngine({ threads: 1 });
const detectors = {};
for (const [name, bundle] of Object.entries(bundles))
  detectors[name] = await Detector.load(engine, bundle);
const times = Object.fromEntries(Object.keys(bundles).map((name) => [name, []]));
for (let round = -2; round < Number(values.rounds); round++) {
  for (const [name, detector] of Object.entries(detectors)) {
    // Processor time, which other work on the machine changes little.
    const before = process.cpuUsage();
    for (const image of images) await detector.inspect(image);
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) times[name].push((user + system) / 1000 / images.length);
  }
}
console.log(
  `${basename(data)}, medians of ${values.rounds} rounds of ${images.length} decoded images\n`,
);
const rows = [];
for (const [name, bundle] of Object.entries(bundles)) {
  const { mean } = await evaluate(bundle, data);
  const middle = median(times[name]);
  const figures = [mean.imageAuroc, mean.pixelAuroc, mean.pixelAp, mean.aupro].map((figure) =>
    figure.toFixed(4),
  );
  rows.push([name, (bundle.bytes.length / 1e6).toFixed(1), middle.toFixed(1), ...figures]);
}
const head = [
  'weights',
  'MB',
  'core-ms per image',
  'image AUROC',
  'pixel AUROC',
  'pixel AP',
  'AUPRO',
];
console.log(table(head, rows));
