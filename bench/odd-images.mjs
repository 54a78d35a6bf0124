// How often `bigrid doctor` finds a defect among good images, and how often it names a good image: plants a few defective
// images among good training images, twenty times, and also checks all good training images without them.
//
//   npm run bench:odd -- DIR [--good 150] [--planted 5] [--times 20] [--defects synthetic|test]
//
// Synthetic defects are drawn on images that are not among the good ones. Choose options on these only; defects of the
// test folder show whether the choice holds.

import { parseArgs } from 'node:util';
import { isAnomalous } from '@bigrid/inspect';
import { Random } from '@bigrid/method';
import { openTestFolder, openTrainingFolder } from '@bigrid/node';
import sharp from 'sharp';
import {
  FeatureReader,
  OddImages,
  unlikeTheRest,
} from '../packages/node/dist/doctor/odd-images.js';
import { syntheticEntries } from './synthetic-defects.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    good: { type: 'string', default: '150' },
    planted: { type: 'string', default: '5' },
    times: { type: 'string', default: '20' },
    defects: { type: 'string', default: 'synthetic' },
  },
});
const [folder] = positionals;
if (!folder) {
  console.error('Expected a data folder, for example: npm run bench:odd -- data/bottle');
  process.exit(64);
}
const [most, planted, times] = ['good', 'planted', 'times'].map((name) => Number(values[name]));
/** Images that synthetic defects are drawn on. */
const SOURCES = 40;

const reader = await FeatureReader.open({});
/** Network inputs by path: images are drawn more than once. */
const seen = new Map();
const random = new Random(1).fork('odd images');
const all = (await openTrainingFolder(folder)).classes.flatMap(({ entries }) => entries);
const shuffled = drawn(all, all.length);
const isSynthetic = values.defects === 'synthetic';
const good = isSynthetic && all.length > 2 * SOURCES ? shuffled.slice(SOURCES) : shuffled;
const defective = isSynthetic
  ? (await syntheticEntries(shuffled.slice(0, SOURCES), 'part', 1, 'small')).filter(isAnomalous)
  : (await openTestFolder(folder)).filter(isAnomalous);

let [found, named, goodOnes] = [0, 0, 0];
for (let time = 0; time < times; time++) {
  const sound = drawn(good, most);
  const bad = new Set(drawn(defective, planted).map(({ path }) => path));
  const odd = await namedAmong([...sound, ...defective.filter(({ path }) => bad.has(path))]);
  found += odd.filter((path) => bad.has(path)).length;
  named += odd.filter((path) => !bad.has(path)).length;
  goodOnes += sound.length;
}
console.log(
  `${folder}, ${values.defects} defects, ${planted} among ${goodOnes / times}, ${times} times:`,
);
console.log(`  found ${found} of ${planted * times}; good images named ${named} of ${goodOnes}`);
const odd = await namedAmong(all);
console.log(`  all good training images alone: ${odd.length} of ${all.length} named`);
await reader.dispose();

function drawn(entries, count) {
  return random
    .permutation(entries.length)
    .slice(0, count)
    .map((at) => entries[at]);
}

/** Paths of the images named by doctor. */
async function namedAmong(entries) {
  const compared = new OddImages();
  for (const entry of entries) {
    if (!seen.has(entry.path)) seen.set(entry.path, await reader.read(await small(entry)));
    await compared.add(entry.path, 'part', seen.get(entry.path));
  }
  const [finding] = unlikeTheRest(await compared.of('part'), 'part');
  await compared.dispose();
  return (finding?.paths ?? []).flat();
}

/** At the size of synthetic defects, so that resizing does not distinguish them. */
async function small({ read }) {
  const { width, height, data } = await read();
  const resized = sharp(data, { raw: { width, height, channels: 3 } });
  const pixels = await resized.resize(256, 256, { fit: 'fill' }).removeAlpha().raw().toBuffer();
  return { width: 256, height: 256, data: new Uint8Array(pixels) };
}
