// Whether max-fpr keeps its guarantee: scores the good test images of a data folder once, splits the scores in half many
// times, sets the threshold on one half, and counts false positives in the other.
//
//   npm run bench:threshold -- DIR FILE.onnx [--rate 0.05] [--splits 200] [--seed 1]

import { parseArgs } from 'node:util';
import { calibrate, isAnomalous, leastScores, scoreImages } from '@bigrid/inspect';
import { Random } from '@bigrid/method';
import { onnxRuntimeEngine, openTestFolder, readBundle } from '@bigrid/node';
import { deviation, mean } from './statistics.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '0.05' },
    splits: { type: 'string', default: '200' },
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
const [rate, splits] = [Number(values.rate), Number(values.splits)];
if (!(rate > 0 && rate < 1 && Number.isInteger(splits) && splits > 1)) {
  console.error(
    `Expected a rate between 0 and 1 and at least 2 splits but received ${values.rate} and ${values.splits}`,
  );
  process.exit(64);
}
const least = 2 * leastScores({ kind: 'max-fpr', amount: rate });

/** Half of the images set the threshold, so there must be enough. */
function checkEnough(count) {
  if (count >= Math.max(2, least)) return;
  console.error(
    `Expected at least ${Math.max(2, least)} good test images in ${folder}, half of them to set max-fpr:${rate} by, but received ${count}`,
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

const alarmRates = Array.from({ length: splits }, () => {
  const shuffled = random.permutation(scored.length).map((index) => scored[index]);
  const [calibration, test] = [shuffled.slice(0, half), shuffled.slice(half)];
  const { threshold } = calibrate(
    {
      scores: calibration.map(({ score }) => score),
      mapMaxima: calibration.map(({ mapMaximum }) => mapMaximum),
      images: calibration.map(({ statistics }) => statistics),
    },
    { threshold: `max-fpr:${rate}` },
  );
  return test.filter(({ score }) => score > threshold).length / test.length;
});

const rateAbove = mean(alarmRates);
const standardError = deviation(alarmRates) / Math.sqrt(splits);
console.log(
  `${scored.length} good test images; ${splits} splits, ${half} to calibrate, ${scored.length - half} to test`,
);
console.log(
  `mean false positive rate: ${rateAbove.toFixed(4)} (standard error ${standardError.toFixed(4)})`,
);
console.log(`bound of max-fpr:${rate}: ${rate}`);
console.log(rateAbove <= rate + 2 * standardError ? 'kept, within two standard errors' : 'BROKEN');
