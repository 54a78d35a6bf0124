// Whether thresholds keep what they promise: scores the good test images of a data folder once, splits the scores in half
// many times, sets the threshold on one half by a rule, and counts false positives in the other. And whether the bound of
// their rate holds, by drawing scores to calibrate on with replacement: then the rate in the long run is known, the share of
// all scores above the threshold.
//
//   npm run bench:threshold -- DIR FILE.onnx [--rule max-fpr:0.05] [--splits 200] [--draw 39] [--seed 1]

import { parseArgs } from 'node:util';
import {
  calibrate,
  isAnomalous,
  leastScores,
  PROMISE_CONFIDENCE,
  parseRule,
  promised,
  scoreImages,
} from '@bigrid/inspect';
import { Random } from '@bigrid/method';
import { onnxRuntimeEngine, openTestFolder, readBundle } from '@bigrid/node';
import { deviation, mean } from './statistics.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rule: { type: 'string', default: 'max-fpr:0.05' },
    splits: { type: 'string', default: '200' },
    draw: { type: 'string', default: '39' },
    seed: { type: 'string', default: '1' },
  },
});
const [folder, file] = positionals;
if (!folder || !file) {
  console.error(
    'Expected a data folder and a model file, for example: npm run bench:threshold -- data/bottle bottle.onnx',
  );
  process.exit(64);
}
const [splits, draw] = [Number(values.splits), Number(values.draw)];
const least = leastScores(parseRule(values.rule));
if (!(Number.isInteger(splits) && splits > 1 && Number.isInteger(draw) && draw >= least)) {
  console.error(
    `Expected at least 2 splits, and at least ${least} images to draw, but received ${values.splits} and ${values.draw}`,
  );
  process.exit(64);
}

/** Half of the images set the threshold, so there must be enough. */
function checkEnough(count) {
  if (count >= 2 * least) return;
  console.error(
    `Expected at least ${2 * least} good test images in ${folder}, half of them to set ${values.rule} by, but received ${count}`,
  );
  process.exit(65);
}

const good = (await openTestFolder(folder)).filter((entry) => !isAnomalous(entry));
checkEnough(good.length);
const scored = await scoreImages({
  engine: onnxRuntimeEngine(),
  model: await readBundle(file),
  entries: good,
  onEvent: (event) => event.type === 'skipped' && console.error(event.error.message),
});
checkEnough(scored.length);
const half = Math.floor(scored.length / 2);
const random = new Random(Number(values.seed));

/** What the threshold of some of the images promises, and the share of others above it. */
function tryOut(calibration, test) {
  const result = calibrate(
    {
      scores: calibration.map(({ score }) => score),
      mapMaxima: calibration.map(({ mapMaximum }) => mapMaximum),
      images: calibration.map(({ statistics }) => statistics),
    },
    { threshold: values.rule },
  );
  const above = test.filter(({ score }) => score > result.threshold).length / test.length;
  return { above, ...promised(result) };
}

const halves = Array.from({ length: splits }, () => {
  const shuffled = random.permutation(scored.length).map((index) => scored[index]);
  return tryOut(shuffled.slice(0, half), shuffled.slice(half));
});
const draws = Array.from({ length: splits }, () => {
  const drawn = Array.from({ length: draw }, () => scored[random.integer(0, scored.length - 1)]);
  return tryOut(drawn, scored);
});

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const errorOf = (numbers) => deviation(numbers) / Math.sqrt(numbers.length);
const verdict = (isKept) => (isKept ? 'kept, within two standard errors' : 'BROKEN');

const above = halves.map((one) => one.above);
const promise = mean(halves.map(({ falsePositiveRate }) => falsePositiveRate));
console.log(`${scored.length} good test images, rule ${values.rule}`);
console.log(`${splits} splits, ${half} to calibrate, ${scored.length - half} to test:`);
console.log(
  `  promised ${percent(promise)}, above ${percent(mean(above))} ± ${percent(errorOf(above))}: ${verdict(mean(above) <= promise + 2 * errorOf(above))}`,
);
const keptBounds = draws.map((one) => Number(one.above <= one.falsePositiveBound));
// Of the share that is claimed, so that no draw at all below the bound has one as well.
const error = Math.sqrt((PROMISE_CONFIDENCE * (1 - PROMISE_CONFIDENCE)) / splits);
console.log(`${splits} draws of ${draw}, with replacement:`);
console.log(
  `  mean bound ${percent(mean(draws.map(({ falsePositiveBound }) => falsePositiveBound)))}, kept by ${percent(mean(keptBounds))} ± ${percent(error)}: ${verdict(mean(keptBounds) >= PROMISE_CONFIDENCE - 2 * error)}`,
);
