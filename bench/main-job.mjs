// Measures the main job on a data folder in the layout of MVTec AD: accuracy over seeds, training time, peak memory (also
// with the images repeated ten times), bundle size, inspection rate, and whether the same seed gives the same bytes.
// Everything runs through the command line, as a user would run it.
//
//   npm run bench:main -- DIR [--seeds 1,2,3] [--out FILE.md]

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
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../scripts/docs/markdown-table.mjs';
import { bigrid, circumstances } from './command-line.mjs';
import { spread } from './statistics.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: 'string', default: '1,2,3' }, out: { type: 'string' } },
});
const [folder] = positionals;
if (!folder) {
  console.error('Expected a data folder, for example: npm run bench:main -- data/bottle');
  process.exit(64);
}
const data = resolve(folder);
const seeds = values.seeds.split(',').map(Number);
const work = mkdtempSync(join(tmpdir(), 'bigrid-bench-'));

const rows = [];
const add = (what, figure) => {
  rows.push([what, figure]);
  console.log(`${what}: ${figure}`);
};
const withoutDate = (file) =>
  readFileSync(file)
    .toString('latin1')
    .replace(/"createdAt":"[^"]*"/, '');

const metrics = [];
const trainings = [];
for (const seed of seeds) {
  const bundle = join(work, `${seed}.onnx`);
  trainings.push(await bigrid(['train', data, '--out', bundle, '--seed', String(seed), '--quiet']));
  const json = join(work, `${seed}.json`);
  await bigrid(['evaluate', bundle, data, '--json', json, '--quiet']);
  metrics.push(JSON.parse(readFileSync(json, 'utf8')).mean);
}
for (const name of Object.keys(metrics[0]))
  add(
    name,
    spread(
      metrics.map((m) => m[name]),
      4,
    ),
  );
add(
  'training, PNG to bundle, s',
  spread(
    trainings.map(({ seconds }) => seconds),
    1,
  ),
);
add(
  'training, peak resident memory, MB',
  spread(
    trainings.map(({ peak }) => peak),
    0,
  ),
);
const first = join(work, `${seeds[0]}.onnx`);
add('bundle, MB', (statSync(first).size / 1e6).toFixed(2));

const again = join(work, 'again.onnx');
await bigrid(['train', data, '--out', again, '--seed', String(seeds[0]), '--quiet']);
add(
  'the same seed twice, except for the date',
  withoutDate(first) === withoutDate(again) ? 'the same bytes' : 'DIFFERENT BYTES',
);

const good = join(data, 'train/good');
const rates = [];
for (let round = 0; round < 3; round++) {
  const { seconds } = await bigrid(['inspect', first, good, '--json', '--quiet']);
  rates.push(readdirSync(good).length / seconds);
}
add('inspecting train/good from disk, images/s, including startup', spread(rates, 1));

const tenfold = join(work, basename(data));
mkdirSync(join(tenfold, 'train/good'), { recursive: true });
for (const name of readdirSync(good)) {
  for (let copy = 0; copy < 10; copy++)
    symlinkSync(join(good, name), join(tenfold, 'train/good', `${copy}-${name}`));
}
const large = await bigrid([
  'train',
  tenfold,
  '--out',
  join(work, 'large.onnx'),
  '--seed',
  '1',
  '--quiet',
]);
add('the images repeated 10 times: training, s', large.seconds.toFixed(1));
add('the images repeated 10 times: peak resident memory, MB', large.peak.toFixed(0));
rmSync(work, { recursive: true });

const page = `## ${basename(data)}

${circumstances()}, seeds ${seeds.join(', ')}.

${table(['what', 'mean ± deviation (each seed)'], rows)}
`;
if (values.out) writeFileSync(values.out, page);
