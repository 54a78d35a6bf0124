import {
  type Bundle,
  Detector,
  describePromise,
  ENOUGH_PARTS,
  type Image,
  type Inspection,
  type Manifest,
  parseRule,
  promised,
} from '@bigrid/inspect';
import { type EngineOptions, onnxRuntimeEngine } from '../engine/engine.ts';
import { readBundle } from '../model-file.ts';
import { checkArguments, checkRequest } from '../requests.ts';
import { version } from '../version.ts';
import { type Diagnosis, type Finding, findingOf } from './diagnosis.ts';

/** Opens a bundle, runs it on a made-up image, and looks at what it says and what is in it. */
export async function checkBundle(file: string, options: EngineOptions = {}): Promise<Diagnosis> {
  checkArguments({ file });
  checkRequest('checkBundle', options);
  let bundle: Bundle;
  try {
    bundle = await readBundle(file);
  } catch (error) {
    return { subject: 'bundle', facts: [], findings: [findingOf('file', error)] };
  }
  const { manifest } = bundle;
  return {
    subject: 'bundle',
    facts: [
      ['size', `${(bundle.bytes.length / 1e6).toFixed(1)} MB`],
      ['made by', `Bigrid ${manifest.bigridVersion} (this is ${version}) at ${manifest.createdAt}`],
      ['classes', manifest.classes.join(', ')],
      ['input', 'image: uint8 [1, height, width, 3]'],
      ['outputs', 'anomaly_map: float32 [1, height, width], score: float32 [1]'],
      ['threshold', `${manifest.calibration.threshold} by ${manifest.calibration.rule}`],
    ],
    findings: [
      { level: 'ok', check: 'file', message: 'a bundle with a valid manifest' },
      await runs(bundle, options),
      thresholdFinding(manifest),
    ],
  };
}

async function runs(bundle: Bundle, options: EngineOptions): Promise<Finding> {
  const check = 'runs';
  try {
    const detector = await Detector.load(onnxRuntimeEngine(options), bundle);
    const [first, again] = await Promise.all([1, 2].map(() => detector.inspect(madeUp()))).finally(
      () => detector.dispose(),
    );
    const { score, map } = first as Inspection;
    if (!Number.isFinite(score) || !map.data.every(Number.isFinite)) {
      return {
        level: 'fix',
        check,
        message: `gives ${score} for a made-up image, and a map with values that are no numbers`,
        remedy:
          'The file is damaged, or the engine is: `bigrid doctor` tests that; then train again.',
      };
    }
    if (again?.score !== score) {
      return {
        level: 'note',
        check,
        message: `gives ${score} and then ${again?.score} for the same made-up image`,
        remedy: 'Some devices add up in another order each time: keep the threshold clear of both.',
      };
    }
    const size = `${map.width} x ${map.height}`;
    return {
      level: 'ok',
      check,
      message: `scores a made-up image ${score.toPrecision(4)}, twice the same; map ${size}`,
    };
  } catch (error) {
    return findingOf(check, error);
  }
}

/** What the threshold of a bundle rests on, and whether that is enough for its rule. */
export function thresholdFinding({ calibration }: Pick<Manifest, 'calibration'>): Finding {
  const check = 'threshold';
  if (!(calibration.threshold > 0)) {
    return {
      level: 'fix',
      check,
      message: `is ${calibration.threshold}: every image is above it`,
      remedy: 'Set it anew with `bigrid calibrate FILE DIR --out FILE`.',
    };
  }
  const { falsePositiveRate, parts } = promised(calibration);
  const message = describePromise(calibration);
  const calibrate = (images: number) =>
    `Calibrate on images of at least ${images} different normal parts: \`bigrid calibrate FILE DIR --out FILE\`.`;
  if (falsePositiveRate === undefined) {
    return { level: 'fix', check, message, remedy: calibrate(ENOUGH_PARTS) };
  }
  if (parts < ENOUGH_PARTS)
    return { level: 'note', check, message, remedy: calibrate(ENOUGH_PARTS) };
  const wanted = wantedRate(calibration.rule);
  return falsePositiveRate > wanted + 1e-9
    ? {
        level: 'note',
        check,
        message: `${message} That is more than ${calibration.rule} asks for`,
        remedy: calibrate(Math.ceil(1 / wanted) - 1),
      }
    : { level: 'ok', check, message };
}

/** The false positive rate that a rule asks for, as far as it names one. */
function wantedRate(text: string): number {
  const rule = parseRule(text);
  return rule.kind === 'quantile' && rule.amount < 1 ? 1 - rule.amount : 1;
}

/** A gradient with a pattern on it, of an odd size: every bundle takes it, whatever it learnt. */
function madeUp(): Image {
  const [width, height] = [97, 61];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => {
    const pixel = Math.floor(index / 3);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return (2 * x + 40 * (index % 3) + 30 * ((x ^ y) & 1)) & 255;
  });
  return { width, height, data };
}
