/** A test image: its score (null: not a number), the index of its class, and 1 for a defect. */
export type ScoreRow = readonly [score: number | null, classIndex: number, defective: 0 | 1];

/** What the page has of its test images, as JSON in `#scores`. */
export interface ExplorerData {
  /** The threshold of the report. */
  readonly threshold: number;
  /** Above this score, up to the threshold, images are unsure; null if there is no such limit. */
  readonly unsure: number | null;
  /** The axis of the scores; `low` and `high` are logarithms where `logarithmic` is set. */
  readonly logarithmic: boolean;
  readonly low: number;
  readonly high: number;
  readonly scores: readonly ScoreRow[];
}

/** Counts verdicts like `countOutcomes` of the report, for one class if it is given. */
export function countAt(
  scores: readonly ScoreRow[],
  threshold: number,
  unsure: number | null,
  classIndex?: number,
) {
  const counts = {
    caught: 0,
    missed: 0,
    falsePositives: 0,
    passed: 0,
    unsureDefects: 0,
    unsureGood: 0,
  };
  for (const [score, index, defective] of scores) {
    if (classIndex !== undefined && classIndex !== index) continue;
    const isAbove = score !== null && score > threshold;
    const isUnsure = !isAbove && score !== null && unsure !== null && score > unsure;
    if (isUnsure) counts[defective ? 'unsureDefects' : 'unsureGood']++;
    else if (defective) counts[isAbove ? 'caught' : 'missed']++;
    else counts[isAbove ? 'falsePositives' : 'passed']++;
  }
  return counts;
}
