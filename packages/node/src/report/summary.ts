import { auroc, type EvaluatedPicture, type Evaluation, isAnomalous } from '@bigrid/inspect';

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

export interface DefectSummary extends Counts {
  readonly className: string;
  readonly defect: string;
  readonly count: number;
  readonly meanScore: number;
  /** Of this defect against the good pictures of its class; NaN where there are none. */
  readonly imageAuroc: number;
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

/** A line for each defect of each class, in the order of the pictures. */
export function summariseDefects(evaluation: Evaluation, threshold: number): DefectSummary[] {
  return Object.keys(evaluation.classes).flatMap((className) => {
    const own = evaluation.pictures.filter(({ entry }) => entry.className === className);
    const good = own.filter(({ entry }) => !isAnomalous(entry)).map(({ score }) => score);
    const bad = own.filter(({ entry }) => isAnomalous(entry));
    return [...new Set(bad.map(({ entry }) => entry.defect))].map((defect) => {
      const pictures = bad.filter(({ entry }) => entry.defect === defect);
      const scores = pictures.map(({ score }) => score);
      return {
        className,
        defect,
        count: pictures.length,
        ...countOutcomes(pictures, threshold),
        meanScore: scores.reduce((sum, score) => sum + score, 0) / scores.length,
        imageAuroc: aurocOf(scores, good),
      };
    });
  });
}

/** The chance that a score of `positives` is above one of `negatives`, a tie counting one half. */
export function aurocOf(positives: readonly number[], negatives: readonly number[]): number {
  const labels = [...positives.map(() => true), ...negatives.map(() => false)];
  return auroc([...positives, ...negatives], labels);
}

/**
 * Pictures in the order in which they deserve a look: missed defects (the least suspicious first), false
 * alarms (the most suspicious first), caught defects by kind (the narrowest escape first), good ones (the
 * nearest to an alarm first).
 */
export function groupPictures(evaluation: Evaluation, threshold: number): PictureGroup[] {
  const classNames = Object.keys(evaluation.classes);
  const groups: PictureGroup[] = [];
  const add = (outcome: Outcome, byDefect: boolean) => {
    for (const className of classNames) {
      const pictures = evaluation.pictures.filter(
        (picture) =>
          picture.entry.className === className && outcomeOf(picture, threshold) === outcome,
      );
      const lowestFirst = outcome === 'missed' || outcome === 'caught';
      pictures.sort((a, b) => compareScores(a.score, b.score) * (lowestFirst ? 1 : -1));
      const defects = byDefect
        ? [...new Set(evaluation.pictures.map(({ entry }) => entry.defect))]
        : [undefined];
      for (const defect of defects) {
        const shown = pictures.filter(
          ({ entry }) => defect === undefined || entry.defect === defect,
        );
        if (shown.length > 0) groups.push({ outcome, className, defect, pictures: shown });
      }
    }
  };
  add('missed', false);
  add('false-alarm', false);
  add('caught', true);
  add('passed', false);
  return groups;
}

/** Puts what is not a number first: no verdict on it can be trusted. */
function compareScores(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a === b ? 0 : a - b;
}
