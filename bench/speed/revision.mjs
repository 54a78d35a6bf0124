// Measures one built checkout in its own process, so that two revisions can take turns. Takes requests over IPC, one at
// a time: first { folders }, then any number of { measure, parameters }.
//
//   fork('revision.mjs', [CHECKOUT, FOLDER])

import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bigrid } from '../command-line.mjs';
import { median, quantile } from '../statistics.mjs';

const [checkout, workFolder] = process.argv.slice(2);
const from = (name) => import(pathToFileURL(join(checkout, 'packages', name, 'dist', 'index.js')));
const { inspect, onnxRuntimeEngine, imageEntry, readBundle, train, drawHeatMap } =
  await from('node');
const { Detector } = await from('inspect');
const graphs = await from('graph');
const onnxruntime = createRequire(join(checkout, 'packages', 'node', 'package.json'))(
  'onnxruntime-node',
);

/** Minimum time and number of images, once the pipeline is running. */
const rateSeconds = 1.2;
const rateImages = 5;
const bundleFile = join(workFolder, 'bundle.onnx');
let folders;
let bundle;

async function prepare(given) {
  folders = given;
  // The weights do not matter for speed: one epoch.
  await train(folders.train, { epochs: 1, out: bundleFile });
  bundle = await readBundle(bundleFile);
}

const entriesOf = (kind) =>
  readdirSync(folders[kind])
    .sort()
    .map((name) => imageEntry(join(folders[kind], name)));

/** The images in an endless stream, so that neither its start nor its end is measured. */
async function* endlessly(entries) {
  for (let i = 0; ; i++) yield entries[i % entries.length];
}

const milliseconds = async (action) => {
  const started = performance.now();
  await action();
  return performance.now() - started;
};

const timesOf = async (count, action) => {
  const times = [];
  for (let i = 0; i < count; i++) times.push(await milliseconds(() => action(i)));
  return times;
};

/** The rate of a stream of verdicts: images/s once it is running. */
async function paceOf(verdicts) {
  let [count, start] = [-8, 0];
  for await (const outcome of verdicts) {
    if (outcome.error) throw outcome.error;
    if (++count === 0) start = performance.now();
    const seconds = (performance.now() - start) / 1000;
    if (count >= rateImages && seconds >= rateSeconds) return count / seconds;
  }
  throw new Error('Expected images without end');
}

const measures = {
  /** From file to verdict, through the API that the command line uses. */
  async rate({ kind, threads }) {
    return { '': await paceOf(inspect(bundle, endlessly(entriesOf(kind)), { threads })) };
  },

  async latency({ threads }) {
    const [entry] = entriesOf('256 px PNG');
    const image = await entry.read();
    const detector = await Detector.load(onnxRuntimeEngine({ threads }), bundle);
    await timesOf(5, () => detector.inspect(image));
    const times = await timesOf(100, () => detector.inspect(image));
    await detector.dispose();
    return { p50: quantile(times, 0.5), p95: quantile(times, 0.95), p99: quantile(times, 0.99) };
  },

  /** The model's single-threaded time as a share of the time of all threads. */
  async engineShare({ kind, threads }) {
    const [entry] = entriesOf(kind);
    const alone = await modelTime(await entry.read());
    const pace = await paceOf(inspect(bundle, endlessly(entriesOf(kind)), { threads }));
    const again = await modelTime(await entry.read());
    return { '': (100 * pace * ((alone + again) / 2000)) / threads };
  },

  /** Breakdown of the time of one image, step by step. */
  async stages({ kind }) {
    const entries = entriesOf(kind).slice(0, 8);
    const decode = median(await timesOf(entries.length, (i) => entries[i].read()));
    const image = await entries[0].read();
    const detector = await Detector.load(onnxRuntimeEngine({ threads: 1 }), bundle);
    const { map } = await detector.inspect(image);
    await detector.dispose();
    const heatMap = median(
      await timesOf(3, () => drawHeatMap(image, map, { lowest: 0, highest: 1, threshold: 0.5 })),
    );
    const scopes = { ...(await profile(image)) };
    const take = (...names) => {
      let sum = 0;
      for (const name of names) {
        sum += scopes[name] ?? 0;
        delete scopes[name];
      }
      return sum;
    };
    const parts = {
      decode,
      preprocessing: take('preprocessing'),
      backbone: take('backbone'),
      features: take('features', 'standardise'),
      coordinates: take('coordinates'),
      grids: take('grid'),
      branches: take('branch', 'abnormal', 'normal', 'fusion'),
      'map, refinement, score': take('anomalyMap', 'refinement', 'score'),
    };
    const others = Object.values(scopes).reduce((sum, time) => sum + time, 0);
    return { ...parts, 'layout and copies': others, 'heat map, where asked for': heatMap };
  },

  async floor() {
    const [entry] = entriesOf('256 px PNG');
    const image = await entry.read();
    const count = await multiplyAdds(image);
    const rate = await matrixProductRate();
    const time = await modelTime(image);
    const floor = (1000 * count) / rate;
    return {
      'multiply-adds of the model': count / 1e6,
      'matrix product': rate / 1e9,
      'floor of the model': floor,
      'model time': time,
      'model time over floor': time / floor,
    };
  },

  async start() {
    const time = async (...words) => 1000 * (await bigrid(words, checkout)).seconds;
    return { '`--help`': await time('--help'), '`train --help`': await time('train', '--help') };
  },

  async training() {
    const ends = {};
    const started = performance.now();
    let steps = 0;
    const onEvent = ({ type, phase, done, total }) => {
      if (type !== 'progress') return;
      ends[phase] = performance.now();
      if (phase.endsWith('grid') && done === total) steps += total;
    };
    // In its own process, as a user trains; the parts come from one in this process.
    await train(folders.training ?? folders.train, { onEvent });
    const total = performance.now() - started;
    const trained = ends['normal grid'] ?? ends['abnormal grid'];
    const out = join(workFolder, 'trained.onnx');
    const words = ['train', folders.training ?? folders.train, '--out', out, '--quiet'];
    const { seconds, peak } = await bigrid(words, checkout);
    rmSync(out);
    return {
      'images to bundle': seconds,
      reading: (ends.reading - started) / 1000,
      steps: (trained - ends.reading) / 1000,
      calibrating: (total - (trained - started)) / 1000,
      'one step': (trained - ends.reading) / steps,
      'peak memory': peak,
    };
  },

  async inspecting({ kind }) {
    const words = ['inspect', bundleFile, folders[kind], '--quiet', '--json'];
    return { 'peak memory': (await bigrid(words, checkout)).peak };
  },

  async bundleSize() {
    return { size: statSync(bundleFile).size / 1e6 };
  },
};

/** Milliseconds per run of the model on one thread. */
async function modelTime(image) {
  const detector = await Detector.load(onnxRuntimeEngine({ threads: 1 }), bundle);
  await timesOf(3, () => detector.inspect(image));
  const time = median(await timesOf(15, () => detector.inspect(image)));
  await detector.dispose();
  return time;
}

/** Runs the model with the engine's profiler; returns the events of its nodes. */
async function profiled(image, runs, graphOptimizationLevel) {
  const prefix = join(workFolder, 'profile');
  const session = await onnxruntime.InferenceSession.create(bundle.bytes, {
    graphOptimizationLevel,
    intraOpNumThreads: 1,
    enableProfiling: true,
    profileFilePrefix: prefix,
    logSeverityLevel: 3,
  });
  const shape = [1, image.height, image.width, 3];
  const tensor = new onnxruntime.Tensor('uint8', image.data, shape);
  for (let i = 0; i < runs; i++) await session.run({ image: tensor });
  session.endProfiling();
  await session.release();
  const name = readdirSync(workFolder).find((file) => file.startsWith('profile'));
  const events = JSON.parse(readFileSync(join(workFolder, name), 'utf8'));
  rmSync(join(workFolder, name));
  return events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
}

/** Milliseconds per scope: a part of a node's name that graph optimisation keeps. */
async function profile(image) {
  const times = Map.groupBy(await profiled(image, 12, 'all'), ({ name }) => name);
  const scopes = {};
  for (const [name, events] of times) {
    const scope = name.includes('/')
      ? name.split('/').at(name.match(/\/(grid|branch)\//) ? 1 : 0)
      : '';
    scopes[scope] = (scopes[scope] ?? 0) + median(events.map(({ dur }) => dur)) / 1000;
  }
  return scopes;
}

/** Multiply-adds of convolutions and matrix products in one run, from the shapes in the profile. */
async function multiplyAdds(image) {
  let total = 0;
  for (const { args } of await profiled(image, 1, 'disabled')) {
    const shapes = (list) => list.map((one) => Object.values(one)[0]);
    const [, weight] = shapes(args.input_type_shape);
    const [output] = shapes(args.output_type_shape);
    const size = output?.reduce((product, length) => product * length, 1);
    if (args.op_name === 'Conv') total += size * weight.slice(1).reduce((a, b) => a * b, 1);
    if (args.op_name === 'MatMul') total += size * shapes(args.input_type_shape)[0].at(-1);
  }
  return total;
}

/** Multiply-adds per second of a large matrix product on one thread of the same engine. */
async function matrixProductRate(side = 768) {
  const { float32, Graph, matMul, toModel } = graphs;
  const graph = new Graph('product');
  const square = [side, side];
  const values = () => Float32Array.from({ length: side * side }, (_, i) => (i % 17) / 17);
  const weight = graph.initialiser('weight', float32(square, values()));
  graph.output('product', matMul(graph.input('x', 'float32', square), weight));
  const session = await onnxRuntimeEngine({ threads: 1 }).load(toModel(graph));
  const x = float32(square, values());
  const product = float32(square, new Float32Array(side * side));
  const run = () => session.run({ x }, { product });
  await timesOf(2, run);
  const seconds = median(await timesOf(7, run)) / 1000;
  await session.dispose();
  return side ** 3 / seconds;
}

process.on('message', async ({ folders: given, measure, parameters }) => {
  try {
    process.send({ result: given ? await prepare(given) : await measures[measure](parameters) });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
process.send({ result: 'ready' });
