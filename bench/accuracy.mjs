// Accuracy of configurations and baselines over data sets and seeds. Appends one row per run to a JSON-lines log. Runs already
// in the log, by the name of the folder, are listed and not repeated, except with `--fresh`. The generated part
// `bench:accuracy` of docs/benchmarks/accuracy.md is drawn from the log after new runs, or if no folder is given.
//
//   npm run bench:accuracy -- [DIR...] [--together] [--synthetic small|large] [--seeds 1,2,3] [--only NAME;...] [--threads N] [--fresh] [--weights FILE] [--log FILE.jsonl] [--table FILE.md]
//
// `--together` trains one model for all folders instead of one each. `--synthetic` evaluates on synthetic defects in good
// images held out from training, so that options can be chosen without looking at test images. `--weights` names the
// weights for the profile `accurate`, which is left out without them.

import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { toModel } from '@bigrid/graph';
import { Detector, evaluate, train } from '@bigrid/inspect';
import { detector, dinov2, efficientNetLite0, profiles, readSafetensors } from '@bigrid/method';
import { openTestFolder, openTrainingFolder, version } from '@bigrid/node';
import { trainedValues } from '../packages/inspect/dist/bundle/bundle.js';
import { groupNearDuplicates } from '../packages/inspect/dist/fingerprint.js';
import { measureExpectation } from '../packages/inspect/dist/training/expectation.js';
import {
  entriesAt,
  extractFeatures,
  featuresOf,
} from '../packages/inspect/dist/training/feature-extraction.js';
import { classesOf, holdOut, wantedGroups } from '../packages/inspect/dist/training/hold-out.js';
import { kindsOfClasses } from '../packages/inspect/dist/training/kinds.js';
import { trainingEngines } from '../packages/node/dist/engine/engine.js';
import { fileScratch } from '../packages/node/dist/training/scratch.js';
import { table } from '../scripts/docs/markdown-table.mjs';
import { ACCURATE, BOTH, configurations } from './accuracy-configurations.mjs';
import { bankModel, gaussianModel } from './baselines.mjs';
import { revision } from './command-line.mjs';
import { conclude, RunLog } from './run-log.mjs';
import { mean, meanAndDeviation } from './statistics.mjs';
import { syntheticEntries, syntheticSizes } from './synthetic-defects.mjs';

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    only: { type: 'string' },
    threads: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    log: { type: 'string', default: join(import.meta.dirname, 'results', 'accuracy.jsonl') },
    table: { type: 'string' },
    together: { type: 'boolean', default: false },
    synthetic: { type: 'string' },
    weights: { type: 'string' },
  },
});

const fast = profiles.fast;

const possible = Object.keys(configurations).filter((name) => name !== ACCURATE || values.weights);
const chosen = values.only?.split(';') ?? possible;
const { engine, imageEngine } = trainingEngines(
  values.threads === undefined ? {} : { threads: Number(values.threads) },
);
const weightsIn = (file) => readSafetensors(readFileSync(file));
const backbone = efficientNetLite0(
  weightsIn(new URL('../packages/method/assets/efficientnet_lite0.safetensors', import.meta.url)),
);

/** Features of the last set of images asked for: configurations of one seed train on the same ones. */
let kept;
/** The last pair of grids that was trained. */
let pair;

const key = ({ data, configuration, seed }) => `${data} ${configuration} ${seed}`;
const log = new RunLog(values.log, values.fresh);
const known = [];

const columns = ['imageAuroc', 'pixelAuroc', 'pixelAp', 'aupro'];
const TOGETHER = ', one model for all';
if (values.synthetic !== undefined && !syntheticSizes.includes(values.synthetic)) {
  throw new Error(`Expected small or large after --synthetic but received ${values.synthetic}`);
}
const SUFFIX =
  { small: ', synthetic defects', large: ', large synthetic defects' }[values.synthetic] ?? '';
// One model per folder, or one for all folders, each a class.
for (const group of values.together ? [folders] : folders.map((folder) => [folder])) {
  const opened = await Promise.all(group.map(open));
  const classes = opened.flatMap((own) => own.classes);
  const data = opened.map((own) => own.name).join(' + ');
  const names = classes.map(({ name }) => name);
  for (const seed of values.seeds.split(',').map(Number)) {
    let entries;
    for (const name of chosen) {
      if (!(name in configurations)) {
        throw new Error(
          `Expected one of ${Object.keys(configurations).join(', ')} but received ${name}`,
        );
      }
      const configuration = values.together ? `${name}${TOGETHER}` : name;
      const rowOf = (own) => ({ data: `${own}${SUFFIX}`, configuration, seed });
      const earlier = names.map((own) => log.find(rowOf(own)));
      if (earlier.every((row) => row !== undefined)) {
        known.push(...earlier);
        continue;
      }
      entries ??= await testEntries(opened, seed);
      const started = performance.now();
      const bytes = await modelOf(name, data, classes, seed);
      const seconds = (performance.now() - started) / 1000;
      const loaded = await Detector.load(imageEngine, { bytes });
      const evaluation = await evaluate({ detector: loaded, entries });
      await loaded.dispose();
      for (const [own, metrics] of Object.entries(evaluation.classes)) {
        const row = {
          ...rowOf(own),
          ...metrics,
          seconds,
          megabytes: bytes.length / 1e6,
          revision: revision(),
          date: new Date().toISOString().slice(0, 10),
        };
        log.add(row);
        const figures = columns.map((column) => metrics[column].toFixed(4)).join(' / ');
        console.log(`${own}, ${configuration}, seed ${seed}: ${figures}, ${seconds.toFixed(0)} s`);
      }
    }
  }
}
conclude({ log, known, folders, values, part: 'bench:accuracy', tables });

/** The images of a folder, as one class of the folder's name. */
async function open(folder) {
  const name = basename(resolve(folder));
  const { classes } = await openTrainingFolder(folder);
  const entries = await openTestFolder(folder);
  return {
    name,
    classes: [{ name, entries: classes.flatMap((own) => own.entries) }],
    entries: entries.map((entry) => ({ ...entry, className: name })),
  };
}

/** What a model is evaluated on: test images, or good images that are not in this seed's training. */
async function testEntries(opened, seed) {
  if (!values.synthetic) return opened.flatMap((own) => own.entries);
  const made = opened.map(async ({ name, classes }) => {
    const { images } = await extractAll(classes);
    const [{ heldOut }] = foldsOf(classes, images, seed);
    return syntheticEntries(
      heldOut.map((index) => images[index].entry),
      name,
      seed,
      values.synthetic,
    );
  });
  return (await Promise.all(made)).flat();
}

function foldsOf(classes, images, seed) {
  const groups = groupNearDuplicates(images.map(({ fingerprint }) => fingerprint));
  return holdOut({ classes, images, groups, seed, wanted: wantedGroups() }).folds;
}

/** Features of all images of some classes, by the default method. */
function extractAll(classes) {
  const entries = classes.flatMap((own) => own.entries);
  return extract({
    imageEngine,
    backbone,
    method: fast.method,
    entries,
    openScratch: fileScratch,
    onEvent: () => {},
  });
}

/** Cached {@link extractFeatures}: callers may dispose of what they get. */
async function extract(input) {
  const { method, entries } = input;
  const { taps, inputSize, cells, pooling } = method;
  const paths = entries.map(({ path }) => path);
  const light = [...(input.light?.data ?? [])];
  const key = JSON.stringify([input.backbone.name, taps, inputSize, cells, pooling, light, paths]);
  if (kept?.key !== key) {
    await kept?.scratch.dispose();
    const extraction = await extractFeatures(input);
    kept = { key, extraction, scratch: extraction.scratch };
  }
  const { extraction, scratch } = kept;
  const lent = {
    append: (block) => scratch.append(block),
    read: (index, block) => scratch.read(index, block),
    dispose: async () => {},
  };
  return { ...extraction, scratch: lent };
}

/** The training features of a model with a seed, and the class of each image. */
async function learntFeatures(classes, seed) {
  const extraction = await extractAll(classes);
  const { images } = extraction;
  const [{ training }] = foldsOf(classes, images, seed);
  const features = await featuresOf(extraction, training);
  return { features, learntClasses: classesOf(classes, entriesAt(extraction, training)) };
}

async function modelOf(name, data, classes, seed) {
  const configuration = configurations[name];
  if (configuration.kind === 'part' && pair?.key === key({ data, configuration: BOTH, seed })) {
    const { change } = configuration;
    const { parameters, statistics } = trainedValues(pair.bundle);
    const method = { ...pair.bundle.manifest.method, ...change };
    // The error of the pair is not that of a part of it.
    const learnt = await learntFeatures(classes, seed);
    const features = { ...learnt.features, statistics };
    const { values } = await measureExpectation({
      plan: { engine, imageEngine, method, onEvent: () => {} },
      features,
      kinds: kindsOfClasses(features, learnt.learntClasses),
      values: parameters,
    });
    return toModel(detector(backbone, method, statistics, values));
  }
  if (configuration.kind === 'part' || configuration.kind === 'trained') {
    const { profile = 'fast', change } = configuration;
    const { method, schedule } = profiles[profile];
    const bundle = await train({
      engine,
      imageEngine,
      backbone: profile === 'fast' ? backbone : dinov2(weightsIn(values.weights)),
      classes,
      seed,
      version,
      extract,
      profile,
      method: { ...method, ...change },
      schedule,
      openScratch: fileScratch,
      now: () => new Date(),
    });
    if (name === BOTH) pair = { key: key({ data, configuration: name, seed }), bundle };
    return bundle.bytes;
  }
  // Baselines see the same training images as a model: none of those held out for its threshold.
  const { features: extracted } = await learntFeatures(classes, seed);
  if (configuration.kind === 'gaussian') {
    return gaussianModel(backbone, fast.method, extracted, seed);
  }
  const { size, choice } = configuration;
  return bankModel(backbone, fast.method, extracted, size, choice, seed);
}

function tables(rows) {
  // Parts of a pair took no training time of their own.
  const seconds = (own) => {
    const times = own.map((row) => row.seconds).filter((time) => time > 2);
    return times.length ? mean(times).toFixed(0) : '';
  };
  const cell = (numbers) =>
    numbers.length > 1 ? meanAndDeviation(numbers, 4) : mean(numbers).toFixed(4);
  const sections = [...new Set(rows.map(({ data }) => data))].map((data) => {
    const names = Object.keys(configurations).flatMap((name) => [name, `${name}${TOGETHER}`]);
    const lines = names.flatMap((configuration) => {
      const own = rows.filter((row) => row.data === data && row.configuration === configuration);
      if (own.length === 0) return [];
      const cells = columns.map((column) => cell(own.map((row) => row[column])));
      return [[configuration, own.length, ...cells, seconds(own), own[0].megabytes.toFixed(1)]];
    });
    const head = ['image AUROC', 'pixel AUROC', 'pixel AP', 'AUPRO', 'training, s', 'MB'];
    return `### ${data}\n\n${table(['configuration', 'seeds', ...head], lines)}\n`;
  });
  const revisions = [...new Set(rows.map((row) => row.revision))].join(', ');
  return `Revision ${revisions}.\n\n${sections.join('\n')}`;
}
