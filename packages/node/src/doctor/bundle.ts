import { isBigridError } from '@bigrid/errors';
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
import { compareSpeeds, inspecting } from './speed.ts';

/**
 * Checks a model file: reads it, runs it twice on a synthetic image, and examines its threshold. With another device than the
 * processor, measures how fast both inspect; with `auto`, all that work.
 */
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
      [
        'created by',
        `Bigrid ${manifest.bigridVersion} (this is ${version}) at ${manifest.createdAt}`,
      ],
      ['classes', manifest.classes.join(', ')],
      ['input', 'image: uint8 [1, height, width, 3]'],
      ['outputs', 'anomaly_map: float32 [1, height, width], score: float32 [1]'],
      ['threshold', `${manifest.calibration.threshold} by ${manifest.calibration.rule}`],
    ],
    findings: [
      { level: 'ok', check: 'file', message: 'a model file with a valid manifest' },
      await runs(bundle, options),
      ...(await speeds(bundle, options)),
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
        message: `gives the score ${score} for a synthetic image, and an anomaly map with values that are not finite`,
        remedy:
          'Either the file or the engine is broken. Check the engine with `checkMachine`; if it passes, train again.',
      };
    }
    if (again?.score !== score) {
      return {
        level: 'note',
        check,
        message: `scores the same synthetic image ${score} and then ${again?.score}`,
        remedy:
          'Some devices sum in a different order on each run: keep the threshold clear of both scores.',
      };
    }
    const size = `${map.width} x ${map.height}`;
    return {
      level: 'ok',
      check,
      message: `scores a synthetic image ${score.toPrecision(4)} in both runs; anomaly map ${size}`,
    };
  } catch (error) {
    return findingOf(check, error);
  }
}

async function speeds({ bytes }: Bundle, options: EngineOptions): Promise<Finding[]> {
  try {
    return await compareSpeeds(options, [inspecting(bytes)]);
  } catch (error) {
    // Whatever keeps the model from running is a finding of its own.
    if (!isBigridError(error)) throw error;
    return [];
  }
}

/** What the threshold of a model is based on, and whether that is enough for its rule. */
export function thresholdFinding({ calibration }: Pick<Manifest, 'calibration'>): Finding {
  const check = 'threshold';
  if (!(calibration.threshold > 0)) {
    return {
      level: 'fix',
      check,
      message: `is ${calibration.threshold}: every image scores above it`,
      remedy: 'Recalibrate it with `calibrate`.',
    };
  }
  const { falsePositiveRate, parts } = promised(calibration);
  const message = describePromise(calibration);
  const calibrate = (images: number) =>
    `Recalibrate it with \`calibrate\` on images of at least ${images} different normal parts.`;
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
        message: `${message} That is more than the rule ${calibration.rule} allows`,
        remedy: calibrate(Math.ceil(1 / wanted) - 1),
      }
    : { level: 'ok', check, message };
}

/** The false positive rate that a rule allows; 1 if it names none. */
function wantedRate(text: string): number {
  const rule = parseRule(text);
  return rule.kind === 'quantile' && rule.amount < 1 ? 1 - rule.amount : 1;
}

/** A gradient with a pattern, of an odd size: valid input for every model. */
function madeUp(): Image {
  const [width, height] = [97, 61];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => {
    const pixel = Math.floor(index / 3);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return (2 * x + 40 * (index % 3) + 30 * ((x ^ y) & 1)) & 255;
  });
  return { width, height, data };
}
