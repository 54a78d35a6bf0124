import { fail } from '@bigrid/errors';
import type { Engine } from '@bigrid/graph';
import { type Bundle, withManifest } from './bundle/bundle.ts';
import {
  askForDefects,
  calibrate,
  rulesOf,
  type ThresholdRules,
} from './calibration/calibration.ts';
import { scoreImages, scoresOf } from './calibration/scoring.ts';
import { guardAgainst, suspectsOf } from './calibration/suspects.ts';
import { ignoring } from './detection/ignored-area.ts';
import { NONE_READABLE, type OnEvent } from './events.ts';
import { groupNearDuplicates } from './fingerprint.ts';
import type { ImageEntry, Mask } from './ports.ts';

export interface RecalibrateInput {
  readonly engine: Engine;
  readonly bundle: Bundle;
  /** Good images that training never saw. */
  readonly good: readonly ImageEntry[];
  /** Labelled defects: the rules f1 and recall take them, and no other reads them. */
  readonly defects?: readonly ImageEntry[];
  /** What to ignore of every image. Default: what the bundle ignores. */
  readonly ignored?: Mask | undefined;
  /** Default: the rules of the bundle. */
  readonly rules?: ThresholdRules | undefined;
  /** Go on with images that training learnt, and with those that score far beyond what good ones reach. */
  readonly allowSuspect?: boolean | undefined;
  readonly now: () => Date;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The same model with its thresholds set by other good images: nothing is trained.
 * @throws OPTION_INVALID, DATA_NO_GOOD where no good image can be read, SUSPECT_IMAGES, THRESHOLD_UNSUPPORTED, BUNDLE_INVALID,
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
      groups: groupNearDuplicates(sound.map(({ fingerprint }) => fingerprint)),
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
