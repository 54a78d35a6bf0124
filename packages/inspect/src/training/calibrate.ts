import type { Calibration, Manifest } from '../bundle/manifest.ts';
import { calibrate, rulesOf, type ThresholdRules } from '../calibration/calibration.ts';
import { imagesOf } from '../calibration/drift.ts';
import { partsOf, type ScoredImage, scoresOf } from '../calibration/scoring.ts';
import type { UnseenScore } from './cross-fitting.ts';
import type { Extraction } from './feature-extraction.ts';
import { type Folds, tooFew } from './hold-out.ts';

export interface TrainedScores {
  readonly extraction: Extraction;
  readonly split: Folds;
  /** Scores of the images held out by all folds; images that could not be read again are missing. */
  readonly scored: readonly UnseenScore[];
  readonly rules: ThresholdRules | undefined;
}

/** Calibrates a trained model. @throws DATA_TOO_FEW if there are no scores; OPTION_INVALID */
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
 * Calibrates an updated model, by the rules that it had before.
 * @param manifest manifest before the update
 * @param unseen old and new images that were not learnt, scored by the updated model
 * @param images all new images: from now on they count as what good images look like
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
      groups: partsOf(manifest, unseen),
      // Old held-out images still have near-duplicates among those learnt.
      origin: origin === 'near-duplicates' ? 'near-duplicates' : 'held-out',
      // Old images were kept at another size, which changes their sharpness: use their recorded statistics.
      ...(reference && {
        images: [...imagesOf(reference), ...images.map(({ statistics }) => statistics)],
      }),
    },
    rulesOf(manifest, {}),
  );
}
