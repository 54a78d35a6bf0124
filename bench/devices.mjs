// Compares devices: trainings with the profile fast and inspections at 256 px on the processor and on another device, in
// turns, and the training steps of the processor by threads. In less than four minutes. Images are synthetic: no data is
// needed.
//
//   npm run bench:devices [-- --device webgpu] [--good 209] [--quick] [--json FILE]
//
//   --device     compared with the processor; default webgpu. Without it, only the processor is measured
//   --good       images of a training; default 209, as many as MVTec AD bottle has
//   --quick      small images and one short training each, to try the script
//   --json FILE  all measurements

import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inspect, train } from '@bigrid/node';
import sharp from 'sharp';
import { training } from '../packages/node/dist/doctor/speed.js';
import { onnxRuntimeEngine, workingDevices } from '../packages/node/dist/engine/engine.js';
import { runsPerSecond } from '../packages/node/dist/engine/speed.js';
import { writeSyntheticLine } from '../packages/node/dist/synthetic/line.js';
import { table } from '../scripts/docs/markdown-table.mjs';
import { circumstances } from './command-line.mjs';

const { values: options } = parseArgs({
  options: {
    device: { type: 'string', default: 'webgpu' },
    good: { type: 'string', default: '209' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const { quick } = options;
const good = quick ? 12 : Number(options.good);
const rounds = quick ? 1 : 3;
/** No training begins after that, in seconds. */
const LAST_TRAINING = 90;
const started = performance.now();
const since = (from) => (performance.now() - from) / 1000;
const say = (text) => console.error(`${since(started).toFixed(0)} s: ${text}`);

const folder = await mkdtemp(join(tmpdir(), 'bigrid-devices-'));
const measured = { machine: circumstances(), load: loadavg(), samples: [] };
const keep = (what, device, value) => {
  measured.samples.push({ what, device, value });
  say(`${what}, ${device}: ${value.toFixed(value < 10 ? 2 : 1)}`);
};
try {
  const working = await workingDevices();
  say(`devices that work: ${working.join(', ')}`);
  const devices = ['cpu', options.device].filter((name) => working.includes(name));
  const [drawn, large, small] = ['drawn', 'large', 'small'].map((name) => join(folder, name));
  await writeSyntheticLine(drawn, { goodCount: good, testGoodCount: 0, defectCount: 0 });
  await resized(join(drawn, 'train', 'good'), large, quick ? 64 : 900, good);
  await resized(join(drawn, 'train', 'good'), small, 256, Math.min(good, 100));
  say('images drawn');
  await measureThreads();
  const model = await measureTrainings(devices, large);
  for (let round = 0; round < rounds; round++) {
    for (const device of devices) await measureInspection(model, small, device);
  }
  report();
} finally {
  await rm(folder, { recursive: true });
}

/** Copies images at another size, which takes less time than to draw them. */
async function resized(from, to, size, count) {
  await mkdir(to);
  const names = (await readdir(from)).slice(0, count);
  await Promise.all(
    names.map((name) => sharp(join(from, name)).resize(size, size).toFile(join(to, name))),
  );
}

async function measureThreads() {
  const [read, step] = await training();
  const most = availableParallelism();
  for (const threads of [1, 2, 4, 8, 16].filter((count) => count === 1 || count <= most)) {
    const engine = onnxRuntimeEngine({ threads });
    for (const { unit, model } of quick ? [step] : [read, step]) {
      keep(unit, `cpu, ${threads} threads`, await runsPerSecond(engine, model));
    }
  }
}

/** Trains on each device in turn, until the time is up. @returns the first model */
async function measureTrainings(devices, dir) {
  let model;
  for (let round = 0; round < rounds; round++) {
    for (const device of devices) {
      if (model && since(started) > LAST_TRAINING) return model;
      const begun = performance.now();
      const bundle = await train(dir, {
        device,
        orientation: 'fixed',
        ...(quick && { size: 64, epochs: 1 }),
      });
      keep('training, s', device, since(begun));
      model ??= bundle;
    }
  }
  return model;
}

/** Images per second over four passes; the first image, which loads the model, is timed apart. */
async function measureInspection(model, dir, device) {
  const passes = Array(quick ? 1 : 4).fill(dir);
  let [images, first] = [0, 0];
  let begun = performance.now();
  for await (const { error } of inspect(model, passes, { device })) {
    if (error) throw error;
    images++;
    if (images > 1) continue;
    first = since(begun);
    begun = performance.now();
  }
  keep('first image inspected, s', device, first);
  keep('images/s inspected', device, (images - 1) / since(begun));
}

function report() {
  const groups = Map.groupBy(measured.samples, ({ what, device }) => `${what}\n${device}`);
  const rows = [...groups].map(([name, samples]) => {
    const values = samples.map(({ value }) => value).sort((a, b) => a - b);
    const middle = values[Math.floor(values.length / 2)];
    return [...name.split('\n'), middle.toFixed(2), values.map((v) => v.toFixed(2)).join(' ')];
  });
  console.log(`${measured.machine}, load before ${measured.load[0].toFixed(1)}\n`);
  console.log(table(['measured', 'on', 'median', 'all'], rows));
}
if (options.json) await writeFile(options.json, JSON.stringify(measured, undefined, 2));
