import {
  type EvaluatedDefect,
  type EvaluatedImage,
  type Evaluation,
  isAnomalous,
  judge,
  type Thresholds,
} from '@bigrid/inspect';

/** What the thresholds make of a test image. */
export type Outcome = 'missed' | 'false-positive' | 'unsure' | 'caught' | 'passed';

export interface Counts {
  /** Defective images above the threshold. */
  readonly caught: number;
  /** Defective images judged normal. */
  readonly missed: number;
  /** Good images above the threshold. */
  readonly falsePositives: number;
  /** Good images judged normal. */
  readonly passed: number;
  /** Defective images between the two thresholds; 0 if there is only one. */
  readonly unsureDefects: number;
  /** Good images between the two thresholds. */
  readonly unsureGood: number;
}

export interface DefectSummary extends EvaluatedDefect, Counts {
  readonly count: number;
  readonly withMask: number;
}

/** Images shown together, those that need attention first. */
export interface ImageGroup {
  readonly outcome: Outcome;
  readonly className: string;
  /** Set for images that were caught or are unsure, which are grouped by kind. */
  readonly defect: string | undefined;
  readonly images: readonly EvaluatedImage[];
}

function outcomeOf({ entry, score }: EvaluatedImage, thresholds: Thresholds): Outcome {
  const verdict = judge(score, thresholds);
  if (verdict === 'unsure') return verdict;
  if (isAnomalous(entry)) return verdict === 'anomalous' ? 'caught' : 'missed';
  return verdict === 'anomalous' ? 'false-positive' : 'passed';
}

export function countOutcomes(images: readonly EvaluatedImage[], thresholds: Thresholds): Counts {
  const having = (outcome: Outcome) =>
    images.filter((image) => outcomeOf(image, thresholds) === outcome);
  const unsure = having('unsure');
  const unsureDefects = unsure.filter(({ entry }) => isAnomalous(entry)).length;
  return {
    caught: having('caught').length,
    missed: having('missed').length,
    falsePositives: having('false-positive').length,
    passed: having('passed').length,
    unsureDefects,
    unsureGood: unsure.length - unsureDefects,
  };
}

/** Images between the two thresholds, the highest score first. */
export function unsureOf(
  images: readonly EvaluatedImage[],
  thresholds: Thresholds,
): EvaluatedImage[] {
  return images
    .filter((image) => outcomeOf(image, thresholds) === 'unsure')
    .sort(comparatorOfNeed(thresholds));
}

/** A line for each defect of each class. */
export function summariseDefects(
  { images, defects }: Evaluation,
  thresholds: Thresholds,
): DefectSummary[] {
  return defects.map((summarised) => {
    const own = images.filter(
      ({ entry }) => entry.className === summarised.className && entry.defect === summarised.defect,
    );
    const withMask = own.filter(({ hasMask }) => hasMask).length;
    return { ...summarised, ...countOutcomes(own, thresholds), count: own.length, withMask };
  });
}

/** The order in which outcomes need attention. */
export const outcomesByNeed: readonly Outcome[] = [
  'missed',
  'false-positive',
  'unsure',
  'caught',
  'passed',
];

/**
 * Orders images by need for attention: missed defects (lowest score first), false positives and unsure images (highest
 * first), defects caught (lowest first), good images passed (highest first).
 */
export function comparatorOfNeed(thresholds: Thresholds) {
  return (a: EvaluatedImage, b: EvaluatedImage): number => {
    const [left, right] = [outcomeOf(a, thresholds), outcomeOf(b, thresholds)];
    if (left !== right) return outcomesByNeed.indexOf(left) - outcomesByNeed.indexOf(right);
    const lowestFirst = left === 'missed' || left === 'caught';
    return compareScores(a.score, b.score, lowestFirst ? 1 : -1);
  };
}

/** Groups images by outcome and class, caught and unsure ones also by kind of defect, in order of need for attention. */
export function groupImages(evaluation: Evaluation, thresholds: Thresholds): ImageGroup[] {
  const classNames = Object.keys(evaluation.classes);
  const kinds = [...new Set(evaluation.images.map(({ entry }) => entry.defect))];
  const sorted = evaluation.images.toSorted(comparatorOfNeed(thresholds));
  const groups = outcomesByNeed.flatMap((outcome) =>
    classNames.flatMap((className) =>
      (outcome === 'caught' || outcome === 'unsure' ? kinds : [undefined]).map((defect) => ({
        outcome,
        className,
        defect,
        images: sorted.filter(
          (image) =>
            image.entry.className === className &&
            (defect === undefined || image.entry.defect === defect) &&
            outcomeOf(image, thresholds) === outcome,
        ),
      })),
    ),
  );
  return groups.filter(({ images }) => images.length > 0);
}

/** Puts NaN first in either direction, because its verdict cannot be trusted. */
function compareScores(a: number, b: number, direction: 1 | -1): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a === b ? 0 : (a - b) * direction;
}
