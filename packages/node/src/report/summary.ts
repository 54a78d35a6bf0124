import {
  type EvaluatedDefect,
  type EvaluatedPicture,
  type Evaluation,
  isAnomalous,
} from '@bigrid/inspect';

/** What the threshold makes of a test picture. */
export type Outcome = 'missed' | 'false-alarm' | 'caught' | 'passed';

export interface Counts {
  /** Defective ones above the threshold. */
  readonly caught: number;
  /** Defective ones at or below the threshold. */
  readonly missed: number;
  /** Good ones above the threshold. */
  readonly falseAlarms: number;
  /** Good ones at or below the threshold. */
  readonly passed: number;
}

export interface DefectSummary extends EvaluatedDefect, Counts {
  readonly count: number;
  readonly withMask: number;
}

/** Pictures shown together, those that need a look first in front. */
export interface PictureGroup {
  readonly outcome: Outcome;
  readonly className: string;
  /** Set for defects that were caught, which are shown by kind. */
  readonly defect: string | undefined;
  readonly pictures: readonly EvaluatedPicture[];
}

function outcomeOf({ entry, score }: EvaluatedPicture, threshold: number): Outcome {
  if (isAnomalous(entry)) return score > threshold ? 'caught' : 'missed';
  return score > threshold ? 'false-alarm' : 'passed';
}

export function countOutcomes(pictures: readonly EvaluatedPicture[], threshold: number): Counts {
  const count = (outcome: Outcome) =>
    pictures.filter((picture) => outcomeOf(picture, threshold) === outcome).length;
  return {
    caught: count('caught'),
    missed: count('missed'),
    falseAlarms: count('false-alarm'),
    passed: count('passed'),
  };
}

/** A line for each defect of each class. */
export function summariseDefects(
  { pictures, defects }: Evaluation,
  threshold: number,
): DefectSummary[] {
  return defects.map((summarised) => {
    const own = pictures.filter(
      ({ entry }) => entry.className === summarised.className && entry.defect === summarised.defect,
    );
    const withMask = own.filter(({ hasMask }) => hasMask).length;
    return { ...summarised, ...countOutcomes(own, threshold), count: own.length, withMask };
  });
}

const outcomesByNeed: readonly Outcome[] = ['missed', 'false-alarm', 'caught', 'passed'];

/**
 * Orders pictures by how much they deserve a look: missed defects (the least suspicious first), false alarms (the most
 * suspicious first), defects caught (the narrowest escape first), good ones passed (the nearest to an alarm first).
 */
export function comparatorOfNeed(threshold: number) {
  return (a: EvaluatedPicture, b: EvaluatedPicture): number => {
    const [left, right] = [outcomeOf(a, threshold), outcomeOf(b, threshold)];
    if (left !== right) return outcomesByNeed.indexOf(left) - outcomesByNeed.indexOf(right);
    const lowestFirst = left === 'missed' || left === 'caught';
    return compareScores(a.score, b.score, lowestFirst ? 1 : -1);
  };
}

/** Groups pictures by verdict and class, those caught by kind of defect too; the ones that need a look first. */
export function groupPictures(evaluation: Evaluation, threshold: number): PictureGroup[] {
  const classNames = Object.keys(evaluation.classes);
  const kinds = [...new Set(evaluation.pictures.map(({ entry }) => entry.defect))];
  const sorted = evaluation.pictures.toSorted(comparatorOfNeed(threshold));
  const groups = outcomesByNeed.flatMap((outcome) =>
    classNames.flatMap((className) =>
      (outcome === 'caught' ? kinds : [undefined]).map((defect) => ({
        outcome,
        className,
        defect,
        pictures: sorted.filter(
          (picture) =>
            picture.entry.className === className &&
            (defect === undefined || picture.entry.defect === defect) &&
            outcomeOf(picture, threshold) === outcome,
        ),
      })),
    ),
  );
  return groups.filter(({ pictures }) => pictures.length > 0);
}

/** Puts what is not a number first, whichever way the others go: no verdict on it can be trusted. */
function compareScores(a: number, b: number, direction: 1 | -1): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a === b ? 0 : (a - b) * direction;
}
