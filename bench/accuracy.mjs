// Accuracy of configurations and baselines over data sets and seeds. One row a run goes into a JSON-lines log, and runs
// that are there already are not run again; the table in docs/accuracy.md is made from the log.
//
//   npm run bench:accuracy -- DIR... [--seeds 1,2,3] [--only NAME;...] [--log FILE.jsonl] [--table FILE.md]

import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Detector, evaluate, train } from '@bigrid/inspect';
import { efficientNetLite0, profiles, readSafetensors } from '@bigrid/method';
import { onnxRuntimeEngine, openTestFolder, openTrainingFolder, version } from '@bigrid/node';
import { extractFeatures } from '../packages/inspect/dist/feature-extraction.js';
import { fileScratch } from '../packages/node/dist/scratch.js';
import { bankModel, gaussianModel } from './baselines.mjs';

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    only: { type: 'string' },
    log: { type: 'string', default: join(import.meta.dirname, 'results', 'accuracy.jsonl') },
    table: { type: 'string' },
  },
});

const fast = profiles.fast;
const trained = (change) => ({ kind: 'trained', method: { ...fast.method, ...change } });
const bank = (size, choice) => ({ kind: 'bank', size, choice });
const configurations = {
  'both grids (restoring)': trained({ grids: 'both', abnormalGrid: 'restoring' }),
  'normal grid alone': trained({ grids: 'normal' }),
  'restoring grid alone': trained({ grids: 'abnormal', abnormalGrid: 'restoring' }),
  'both grids (published)': trained({ grids: 'both', abnormalGrid: 'published' }),
  'both grids with noise instead of FBP': trained({
    grids: 'both',
    abnormalGrid: 'restoring',
    anomalySource: 'noise',
  }),
  'both grids without refinement': trained({
    grids: 'both',
    abnormalGrid: 'restoring',
    refinement: 'off',
  }),
  'a network without a grid': trained({ grids: 'none' }),
  'Gaussian a cell': { kind: 'gaussian' },
  'bank of 10,000 random cells': bank(10_000, 'random'),
  'bank of 2,000 cells by coreset': bank(2_000, 'coreset'),
};

const chosen = values.only?.split(';') ?? Object.keys(configurations);
const engine = onnxRuntimeEngine();
const weights = readSafetensors(
  readFileSync(
    new URL('../packages/method/assets/efficientnet_lite0.safetensors', import.meta.url),
  ),
);
const backbone = efficientNetLite0(weights);
const revision = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();

/** Features of the last set of pictures asked for: configurations of one seed train on the same ones. */
let kept;

const key = ({ data, configuration, seed }) => `${data} ${configuration} ${seed}`;
const readLog = () =>
  existsSync(values.log)
    ? readFileSync(values.log, 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
const done = new Set(readLog().map(key));
mkdirSync(dirname(values.log), { recursive: true });

for (const folder of folders) {
  const data = basename(resolve(folder));
  const { classes } = await openTrainingFolder(folder);
  const entries = await openTestFolder(folder);
  for (const seed of values.seeds.split(',').map(Number)) {
    for (const configuration of chosen) {
      if (!(configuration in configurations))
        throw new Error(
          `Expected one of ${Object.keys(configurations).join(', ')} but received ${configuration}`,
        );
      const run = { data, configuration, seed };
      if (done.has(key(run))) continue;
      const started = performance.now();
      const bytes = await modelOf(configurations[configuration], classes, seed);
      const seconds = (performance.now() - started) / 1000;
      const detector = await Detector.load(engine, { bytes });
      const { mean } = await evaluate({ detector, entries });
      await detector.dispose();
      const row = {
        ...run,
        ...mean,
        seconds,
        megabytes: bytes.length / 1e6,
        revision,
        date: new Date().toISOString().slice(0, 10),
      };
      appendFileSync(values.log, `${JSON.stringify(row)}\n`);
      console.log(
        `${data}, ${configuration}, seed ${seed}: ${mean.imageAuroc.toFixed(4)} / ${mean.pixelAuroc.toFixed(4)} / ${mean.pixelAp.toFixed(4)} / ${mean.aupro.toFixed(4)}, ${seconds.toFixed(0)} s`,
      );
    }
  }
}
if (values.table) writeFileSync(values.table, table(readLog()));

/** {@link extractFeatures}, asked for again and again: those who got features may dispose of what they got. */
async function extract(engine, backbone, options, entries, ...rest) {
  const { taps, inputSize, cells, pooling } = options;
  const key = JSON.stringify([taps, inputSize, cells, pooling, entries.map(({ path }) => path)]);
  if (kept?.key !== key) {
    await kept?.scratch.dispose();
    const features = await extractFeatures(engine, backbone, options, entries, ...rest);
    kept = { key, features, scratch: features.scratch };
  }
  const { features, scratch } = kept;
  const lent = {
    append: (block) => scratch.append(block),
    read: (index, block) => scratch.read(index, block),
    dispose: async () => {},
  };
  return { ...features, scratch: lent };
}

async function modelOf(configuration, classes, seed) {
  if (configuration.kind === 'trained') {
    const { bytes } = await train({
      engine,
      backbone,
      classes,
      seed,
      version,
      extract,
      profile: 'fast',
      method: configuration.method,
      schedule: fast.schedule,
      openScratch: fileScratch,
      now: () => new Date(),
    });
    return bytes;
  }
  // Baselines need no threshold, so they see every good picture.
  const all = classes.flatMap(({ entries }) => entries);
  const extracted = await extract(engine, backbone, fast.method, all, fileScratch, () => {});
  if (configuration.kind === 'gaussian') {
    return gaussianModel(backbone, fast.method, extracted, seed);
  }
  const { size, choice } = configuration;
  return bankModel(backbone, fast.method, extracted, size, choice, seed);
}

function table(rows) {
  const columns = ['imageAuroc', 'pixelAuroc', 'pixelAp', 'aupro'];
  const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const cell = (numbers) => {
    const centre = mean(numbers);
    const deviation = Math.sqrt(
      numbers.reduce((sum, number) => sum + (number - centre) ** 2, 0) /
        Math.max(1, numbers.length - 1),
    );
    return numbers.length > 1
      ? `${centre.toFixed(4)} ± ${deviation.toFixed(4)}`
      : centre.toFixed(4);
  };
  const sections = [...new Set(rows.map(({ data }) => data))].map((data) => {
    const lines = Object.keys(configurations).flatMap((configuration) => {
      const own = rows.filter((row) => row.data === data && row.configuration === configuration);
      if (own.length === 0) return [];
      const cells = columns.map((column) => cell(own.map((row) => row[column])));
      return [
        `| ${[configuration, own.length, ...cells, mean(own.map(({ seconds }) => seconds)).toFixed(0), own[0].megabytes.toFixed(1)].join(' | ')} |`,
      ];
    });
    return `## ${data}\n\n| configuration | seeds | image AUROC | pixel AUROC | pixel AP | AUPRO | training, s | MB |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n${lines.join('\n')}\n`;
  });
  const revisions = [...new Set(rows.map((row) => row.revision))].join(', ');
  return `<!-- Generated by \`npm run bench:accuracy\`. -->\n# Accuracy of configurations and baselines\n\nSame features, same map and score, same evaluation. Mean ± sample deviation over seeds. ${cpus().length} x ${cpus()[0].model}, revision ${revisions}.\n\n${sections.join('\n')}`;
}
