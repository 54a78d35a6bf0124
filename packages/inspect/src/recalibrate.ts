import { fail } from '@bigrid/errors';
import { type Bundle, withManifest } from './bundle/bundle.ts';
import {
  askForDefects,
  calibrate,
  rulesOf,
  type ThresholdRules,
} from './calibration/calibration.ts';
import { partsOf, scoreImages, scoresOf } from './calibration/scoring.ts';
import { guardAgainst, suspectsOf } from './calibration/suspects.ts';
import { ignoring } from './detection/ignored-area.ts';
import { NONE_READABLE } from './events.ts';
import type { ImageEntry, Mask, TrainingPorts } from './ports.ts';

export interface RecalibrateInput
  extends Pick<TrainingPorts, 'engine' | 'now' | 'onEvent' | 'signal'> {
  readonly bundle: Bundle;
  /** Good images that the bundle was not trained on. */
  readonly good: readonly ImageEntry[];
  /** Labelled defects, which only the rules f1 and recall use. */
  readonly defects?: readonly ImageEntry[];
  /** Mask of the area to ignore. Default: that of the bundle. */
  readonly ignored?: Mask | undefined;
  /** Default: the rules of the bundle. */
  readonly rules?: ThresholdRules | undefined;
  /** Accept images that the bundle was trained on, and images that score far above all known good images. */
  readonly allowSuspect?: boolean | undefined;
}

/**
 * Recalibrates a bundle on other good images. The model itself does not change.
 * @throws OPTION_INVALID, DATA_NO_GOOD if no good image can be read, SUSPECT_IMAGES, THRESHOLD_UNSUPPORTED, BUNDLE_INVALID,
 *   CANCELLED
 */
export async function recalibrate(input: RecalibrateInput): Promise<Bundle> {
  const { good, allowSuspect: allowed, onEvent = () => {} } = input;
  const bundle = ignoring(input.bundle, input.ignored);
  const rules = rulesOf(bundle.manifest, input.rules ?? {});
  const defects = askForDefects(rules) ? (input.defects ?? []) : [];
  const scored = await scoreImages({
    engine: input.engine,
    model: bundle,
    entries: [...good, ...defects],
    onEvent,
    signal: input.signal,
  });
  const isDefect = new Set(defects);
  const sound = scored.filter(({ entry }) => !isDefect.has(entry));
  if (sound.length === 0) {
    fail('DATA_NO_GOOD', `Expected readable good images but received none of ${good.length}`, {
      remedy: NONE_READABLE,
    });
  }
  guardAgainst(suspectsOf(bundle.manifest, sound), bundle.manifest, sound.length, {
    allowed,
    onEvent,
  });
  const calibration = calibrate(
    {
      ...scoresOf(sound),
      groups: partsOf(bundle.manifest, sound),
      origin: 'given',
      images: sound.map(({ statistics }) => statistics),
      defectScores: scored.filter(({ entry }) => isDefect.has(entry)).map(({ score }) => score),
    },
    rules,
  );
  const measuredAt = input.now().toISOString();
  return withManifest(bundle, {
    ...bundle.manifest,
    calibration: { ...calibration, measuredAt },
  });
}
