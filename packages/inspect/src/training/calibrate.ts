import type { Calibration, Manifest } from '../bundle/manifest.ts';
import { calibrate, rulesOf, type ThresholdRules } from '../calibration/calibration.ts';
import { imagesOf } from '../calibration/drift.ts';
import { type ScoredImage, scoresOf } from '../calibration/scoring.ts';
import { groupNearDuplicates } from '../fingerprint.ts';
import type { UnseenScore } from './cross-fitting.ts';
import type { Extraction } from './feature-extraction.ts';
import { type Folds, tooFew } from './hold-out.ts';

export interface TrainedScores {
  readonly extraction: Extraction;
  readonly split: Folds;
  /** Of what the folds hold out, as far as it could be read once more. */
  readonly scored: readonly UnseenScore[];
  readonly rules: ThresholdRules | undefined;
}

/** The thresholds of a training. @throws DATA_TOO_FEW where nothing could be scored; OPTION_INVALID */
export function calibrateTrained({ extraction, split, scored, rules }: TrainedScores): Calibration {
  if (scored.length === 0) tooFew(0, 'the images held out for the threshold');
  return calibrate(
    {
      ...scoresOf(scored),
      groups: scored.map(({ at }) => split.groups[at] as number),
      origin: originOf(split),
      images: extraction.images.map(({ statistics }) => statistics),
    },
    rules,
  );
}

/** Which images set the threshold. */
function originOf({ folds, areNearDuplicates }: Folds): Calibration['origin'] {
  if (areNearDuplicates) return 'near-duplicates';
  return folds.length > 1 ? 'cross-fitted' : 'held-out';
}

/**
 * The thresholds of an update, by the rules that the model had.
 * @param manifest of the model before the update
 * @param unseen images that were never learnt, old and new, by their scores under the new model
 * @param images all new ones: they belong to the line from now on
 * @throws THRESHOLD_UNSUPPORTED, OPTION_INVALID
 */
export function calibrateUpdated(
  manifest: Manifest,
  unseen: readonly ScoredImage[],
  images: readonly ScoredImage[],
): Calibration {
  const { origin, images: reference } = manifest.calibration;
  return calibrate(
    {
      ...scoresOf(unseen),
      groups: groupNearDuplicates(unseen.map(({ fingerprint }) => fingerprint)),
      // Old images held out that have near-duplicates among what was learnt still do.
      origin: origin === 'near-duplicates' ? 'near-duplicates' : 'held-out',
      // Old images are kept at another size than the one that they came in, which changes how sharp they look.
      ...(reference && {
        images: [...imagesOf(reference), ...images.map(({ statistics }) => statistics)],
      }),
    },
    rulesOf(manifest, {}),
  );
}
