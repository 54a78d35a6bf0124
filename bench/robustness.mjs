// What a model makes of test images in another light, position or compression: false positives among good ones, defects
// found at the same threshold, and image AUROC, when all test images are changed in the same way.
//
//   npm run bench:robustness -- [DIR...] [--model FILE.onnx] [--seeds 1] [--threshold max-fpr:0.05] [--only NAME;...] [--threads N] [--fresh] [--log FILE.jsonl] [--table FILE.md]
//
// Trains on each folder as `bigrid train` does by default, or takes the model of `--model`, for a single folder, with its
// seed. `--threshold` is applied to the scores that the model keeps of good images held out, as `bigrid calibrate` does.
// Changes are named in bench/image-changes.mjs. Appends one row per change to the log. Runs already in the log, by the
// name of the folder, are listed and not repeated, except with `--fresh`. The generated part `bench:robustness` of the
// table is drawn from the log after new runs, or if no folder is given.

import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isAnomalous, scoreImages, underRules } from '@bigrid/inspect';
import { onnxRuntimeEngine, openTestFolder, readBundle, train } from '@bigrid/node';
import { auroc } from '../packages/inspect/dist/metrics/ranking.js';
import { table } from '../scripts/docs/markdown-table.mjs';
import { machine, revision } from './command-line.mjs';
import { imageChanges } from './image-changes.mjs';
import { conclude, RunLog } from './run-log.mjs';
import { mean, meanAndDeviation } from './statistics.mjs';

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    threshold: { type: 'string', default: 'max-fpr:0.05' },
    only: { type: 'string' },
    threads: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    log: { type: 'string', default: join(import.meta.dirname, 'results', 'robustness.jsonl') },
    table: { type: 'string' },
  },
});
const changes = values.only?.split(';') ?? Object.keys(imageChanges);
const unknown = changes.find((name) => !(name in imageChanges));
if (unknown !== undefined) {
  console.error(`Expected one of ${Object.keys(imageChanges).join('; ')} but received ${unknown}`);
  process.exit(64);
}
if (values.model !== undefined && folders.length !== 1) {
  console.error(`Expected one folder with --model but received ${folders.length}`);
  process.exit(64);
}
const threads = values.threads === undefined ? {} : { threads: Number(values.threads) };
const engine = onnxRuntimeEngine(threads);
const log = new RunLog(values.log, values.fresh);
const known = [];

for (const folder of folders) {
  const given = values.model === undefined ? undefined : await readBundle(values.model);
  const seeds = given ? [given.manifest.training.seed] : values.seeds.split(',').map(Number);
  for (const seed of seeds) await measure(folder, seed, given);
}
conclude({ log, known, folders, values, part: 'bench:robustness', tables });

/** Runs all changes that are not in the log with one model. */
async function measure(folder, seed, given) {
  const data = basename(resolve(folder));
  const rowOf = (change) => ({ data, configuration: change, seed });
  const earlier = changes.map((change) => log.find(rowOf(change))).filter(Boolean);
  known.push(...earlier);
  if (earlier.length === changes.length) return;
  const entries = await openTestFolder(folder);
  const model = given ?? (await train(folder, { seed, ...threads }));
  const { threshold } = underRules(model.manifest, { threshold: values.threshold }).calibration;
  for (const change of changes) {
    if (log.find(rowOf(change)) !== undefined) continue;
    const row = {
      ...rowOf(change),
      rule: values.threshold,
      threshold,
      ...(await figures(model, threshold, entries.map(changedBy(imageChanges[change])))),
      machine: machine(),
      revision: revision(),
      date: new Date().toISOString().slice(0, 10),
    };
    log.add(row);
    console.log(
      `${data}, seed ${seed}, ${change}: ${row.falsePositives} of ${row.good} good images above, ${row.found} of ${row.anomalous} anomalous, image AUROC ${row.imageAuroc.toFixed(4)}`,
    );
  }
}

function changedBy(change) {
  return (entry) => ({ ...entry, read: async (takeRoom) => change(await entry.read(takeRoom)) });
}

async function figures(model, threshold, entries) {
  const onEvent = (event) => event.type === 'skipped' && console.error(event.error.message);
  const scored = await scoreImages({ engine, model, entries, onEvent });
  const [good, bad] = [false, true].map((wanted) =>
    scored.filter(({ entry }) => isAnomalous(entry) === wanted).map(({ score }) => score),
  );
  const above = (scores) => scores.filter((score) => score > threshold).length;
  const labels = Uint8Array.from([...good.map(() => 0), ...bad.map(() => 1)]);
  return {
    good: good.length,
    falsePositives: above(good),
    anomalous: bad.length,
    found: above(bad),
    imageAuroc: auroc([...good, ...bad], labels),
  };
}

/** A section per data set: a row per change, means over seeds. */
function tables(rows) {
  const cell = (numbers, digits) =>
    numbers.length > 1 ? meanAndDeviation(numbers, digits) : mean(numbers).toFixed(digits);
  const sections = [...Map.groupBy(rows, ({ data }) => data)].map(([data, own]) => {
    const lines = Object.keys(imageChanges).flatMap((change) => {
      const runs = own.filter(({ configuration }) => configuration === change);
      if (runs.length === 0) return [];
      const shares = [
        runs.map((run) => (100 * run.falsePositives) / run.good),
        runs.map((run) => (100 * run.found) / run.anomalous),
      ].map((numbers) => `${cell(numbers, 1)} %`);
      return [
        [
          change,
          ...shares,
          cell(
            runs.map((run) => run.imageAuroc),
            4,
          ),
          runs.length,
        ],
      ];
    });
    const each = (field) => [...new Set(own.map((row) => row[field]))].join(', ');
    const head = ['change', 'false positives', 'defects found', 'image AUROC', 'seeds'];
    return [
      `### ${data}`,
      `${each('good')} good and ${each('anomalous')} anomalous test images, threshold by ${each('rule')}. ${each('machine')}, revision ${each('revision')}, ${each('date')}.`,
      table(head, lines),
    ].join('\n\n');
  });
  return sections.join('\n\n');
}
