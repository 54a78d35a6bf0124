// Compares the profile `paper` with the same written in PyTorch, on what tools/parity/paper.py left in a folder:
//
//     node tools/parity/paper.mjs FOLDER [--threads N] [--limit 1e-3]
//
// Prints a table: for each quantity, the tensor that is furthest from PyTorch's in the L2 norm: its difference over its
// size (of steps: over how far it moved), and the same of the largest elements. Exits with 1 where the first is above
// the limit. Gradients and all steps in a row are compared with double precision (tools/parity/paper.py says why); there
// it is an error when ours is above the limit and more than three times as far from it as PyTorch in single precision.

import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { float32, Graph, toModel, zeros } from '@bigrid/graph';
import {
  detector,
  efficientNet,
  extractor,
  profiles,
  readSafetensors,
  trainingStep,
} from '@bigrid/method';
import { onnxRuntimeEngine } from '@bigrid/node';
import { features } from '../../packages/method/dist/features.js';
import { reconstruct } from '../../packages/method/dist/grad.js';
import { FixedParameters } from '../../packages/method/dist/parameters.js';

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '2' },
    limit: { type: 'string', default: '1e-3' },
  },
});
const [folder] = positionals;
if (!folder || !existsSync(join(folder, 'case.json'))) {
  throw new Error(`Expected a folder of tools/parity/paper.py but received ${folder ?? 'nothing'}`);
}
const limit = Number(flags.limit);
const engine = onnxRuntimeEngine({ threads: Number(flags.threads) });
const load = (name) => readSafetensors(readFileSync(join(folder, `${name}.safetensors`)));

const { method, schedule, steps, losses } = JSON.parse(
  readFileSync(join(folder, 'case.json'), 'utf8'),
);
const options = { ...profiles.paper.method, ...method };
const fullSize = JSON.stringify(options) === JSON.stringify(profiles.paper.method);
const backbone = efficientNet(load('backbone'));
const inputs = load('inputs');
const start = load('start');
const taps = extractor(backbone, options);
const statistics = { mean: inputs.get('mean').data, deviation: inputs.get('deviation').data };
const rows = [];

/** The largest difference and the L2 norm of the difference, each over the same of `scale`. */
function compare(actual, expected, origin) {
  if (actual.length !== expected.length) return { largest: Infinity, l2: Infinity };
  let [apart, size, apart2, size2] = [0, 0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    const scale = Math.abs(expected[i] - (origin?.[i] ?? 0));
    // NaN must not pass as no difference.
    apart = difference <= apart ? apart : Number.isNaN(difference) ? Infinity : difference;
    if (scale > size) size = scale;
    apart2 += difference ** 2;
    size2 += scale ** 2;
  }
  return { largest: apart / size, l2: Math.sqrt(apart2 / size2) };
}

/** Adds one row to the table: the worst of several tensors. */
function report(quantity, tensors) {
  const compared = tensors.map(([name, ...pair]) => ({ worst: name, ...compare(...pair) }));
  const [worst] = compared.sort((a, b) => b.l2 - a.l2);
  const row = { quantity, tensors: tensors.length, ...worst, fails: !(worst.l2 <= limit) };
  rows.push(row);
  return row;
}

/** Adds two rows: how far from double precision we are, and how far PyTorch is in single precision. */
function reportFromExact(quantity, own, theirs) {
  const ours = report(`${quantity}, from double precision`, own);
  const reference = report('the same of PyTorch in single precision', theirs);
  ours.fails = !(ours.l2 <= Math.max(limit, 3 * reference.l2));
  reference.fails = false;
}

async function run(graph, feeds) {
  const session = await engine.load(toModel(graph));
  const outputs = await session.run(feeds);
  await session.dispose();
  return outputs;
}

async function compareBackbone() {
  const golden = load('image');
  const graph = new Graph('backbone');
  const image = graph.input('image', 'uint8', [1, 'height', 'width', 3]);
  const size = options.inputSize;
  const { value } = features(graph, image, backbone, options);
  graph.output('features', value);
  const { features: made } = await run(graph, { image: golden.get('image') });

  const bare = new Graph('taps');
  const input = bare.input('image', 'float32', [1, 3, size, size]);
  for (const [at, tap] of backbone.taps(input, options.taps).entries())
    bare.output(`tap${at}`, tap);
  const pixels = golden.get('image').data;
  const normalised = float32(
    [1, 3, size, size],
    Float32Array.from({ length: 3 * size * size }, (_, i) => {
      const channel = Math.floor(i / size ** 2);
      const pixel = pixels[(i % size ** 2) * 3 + channel];
      return (pixel - backbone.mean[channel]) / backbone.deviation[channel];
    }),
  );
  const outputs = await run(bare, { image: normalised });
  report(
    'taps of the backbone',
    options.taps.map((tap, at) => [
      `block ${tap}`,
      outputs[`tap${at}`].data,
      image.get(`tap${at}`).data,
    ]),
  );
  report('features of an image', [['features', made.data, image.get('features').data]]);
  return image.get('image');
}

/** The part of an input that belongs to one step. */
function atStep(name, step) {
  const { type, shape, data } = inputs.get(name);
  const size = data.length / steps;
  return { type, shape: shape.slice(1), data: data.slice(step * size, (step + 1) * size) };
}

async function compareForward() {
  const graph = new Graph('forward');
  const [batch, channels, cells] = [schedule.batchSize, statistics.mean.length, options.cells];
  const standardised = graph.input('features', 'float32', [batch, channels, cells, cells]);
  const { value, abnormality } = reconstruct(
    new FixedParameters(graph, start),
    standardised,
    options,
  );
  graph.output('rec', value);
  graph.output('abnormality', abnormality);
  const area = cells * cells;
  const raw = Float32Array.from(new Float16Array(atStep('features', 0).data.buffer));
  const given = raw.map((x, i) => {
    const channel = Math.floor(i / area) % channels;
    return (x - statistics.mean[channel]) / statistics.deviation[channel];
  });
  const outputs = await run(graph, { features: float32([batch, channels, cells, cells], given) });
  const abnormal = start.get('forward/abnormal').data;
  const expected = Float32Array.from({ length: batch * area }, (_, i) => {
    const image = Math.floor(i / area);
    return abnormal[image * channels * area + (i % area)];
  });
  report('forward pass', [
    ['rec', outputs.rec.data, start.get('forward/rec').data],
    ['q', outputs.abnormality.data, expected],
  ]);
}

/** All steps of a stage; gives the seconds that the fastest took. */
async function compareStage(stage) {
  const { graph, parameters } = trainingStep({
    stage,
    method: options,
    schedule,
    statistics,
    taps,
    frozen: start,
  });
  const session = await engine.load(toModel(graph));
  const expected = load(stage);
  const trained = parameters.filter(({ kind }) => kind !== 'statistic');
  let fastest = Infinity;
  const takeStep = async (state, step) => {
    const defects =
      stage === 'abnormal'
        ? { mask: atStep('mask', step), intensity: atStep('intensity', step) }
        : {};
    const started = performance.now();
    const outputs = await session.run({
      ...state,
      features: atStep('features', step),
      jitter: atStep('jitter', step),
      ...defects,
      step: float32([], [step + 1]),
      learningRate: float32([], [schedule.weightLearningRate]),
    });
    fastest = Math.min(fastest, (performance.now() - started) / 1000);
    const next = Object.keys(state).map((name) => [name, outputs[`next/${name}`]]);
    return { loss: outputs.loss.data[0], next: Object.fromEntries(next) };
  };
  const moments = ({ name, shape }) => [
    [`${name}/m`, zeros('float32', shape)],
    [`${name}/v`, zeros('float32', shape)],
  ];
  let state = Object.fromEntries([
    ...parameters.map(({ name }) => [name, start.get(name)]),
    ...trained.flatMap(moments),
  ]);
  const compareFrom = (origin, found, reference, names = parameters) =>
    names.map(({ name }) => [
      name,
      found(name),
      expected.get(`${reference}/${name}`).data,
      origin(name),
    ]);

  // The last step alone, from where PyTorch was before it.
  const before = Object.keys(state).map((name) => [name, expected.get(`before/${name}`)]);
  const last = await takeStep(Object.fromEntries(before), steps - 1);
  report(
    `${stage}: step ${steps} alone`,
    compareFrom(
      (name) => expected.get(`before/${name}`).data,
      (name) => last.next[name].data,
      'end',
    ),
  );
  report(`${stage}: its loss`, [['loss', [last.loss], [losses[stage][steps - 1]]]]);

  for (let step = 0; step < steps; step++) {
    const { loss, next } = await takeStep(state, step);
    state = next;
    if (step > 0) continue;
    report(`${stage}: first loss`, [['loss', [loss], [losses[stage][0]]]]);
    // After the first step the first moment is a tenth of the gradient.
    const gradients = (found) => compareFrom(() => undefined, found, 'exact/gradient', trained);
    reportFromExact(
      `${stage}: gradients`,
      gradients((name) => state[`${name}/m`].data.map((m) => m * 10)),
      gradients((name) => expected.get(`gradient/${name}`).data),
    );
  }
  await session.dispose();

  const ends = (found) => compareFrom((name) => start.get(name).data, found, 'exact/end');
  reportFromExact(
    `${stage}: ${steps} steps in a row`,
    ends((name) => state[name].data),
    ends((name) => expected.get(`end/${name}`).data),
  );
  return fastest;
}

async function timeInspection(image) {
  const model = toModel(detector(backbone, options, statistics, start));
  const session = await engine.load(model);
  let fastest = Infinity;
  for (let i = 0; i < 3; i++) {
    const started = performance.now();
    await session.run({ image });
    fastest = Math.min(fastest, (performance.now() - started) / 1000);
  }
  await session.dispose();
  return { fastest, megabytes: model.byteLength / 1e6 };
}

const image = await compareBackbone();
await compareForward();
const seconds = { abnormal: await compareStage('abnormal'), normal: await compareStage('normal') };
const inspection = await timeInspection(image);

console.log(`${basename(folder)}: ${backbone.name}, ${fullSize ? 'published size' : 'reduced'}\n`);
console.log('| quantity | tensors | difference, L2 | of the largest elements | worst tensor |');
console.log('|---|---|---|---|---|');
for (const { quantity, tensors, worst, largest, l2 } of rows) {
  console.log(
    `| ${quantity} | ${tensors} | ${l2.toExponential(1)} | ${largest.toExponential(1)} | ${worst} |`,
  );
}
console.log(`\n${engine.description}, ${schedule.batchSize} images a step:`);
for (const [stage, fastest] of Object.entries(seconds)) {
  console.log(`  step of the ${stage} stage: ${fastest.toFixed(2)} s`);
}
console.log(
  `  inspection: ${inspection.fastest.toFixed(2)} s, bundle ${inspection.megabytes.toFixed(0)} MB`,
);
for (const { quantity, fails } of rows) {
  if (!fails) continue;
  console.log(`Too far apart: ${quantity}`);
  process.exitCode = 1;
}
