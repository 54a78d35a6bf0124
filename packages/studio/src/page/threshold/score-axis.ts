/** The part of the scores that the slider covers. */
export interface ScoreAxis {
  /** Multiples of the step. */
  readonly lowest: number;
  readonly highest: number;
  /** 1, 2 or 5 times a power of ten, so that a threshold is a short number. */
  readonly step: number;
  /** Of a score, after the point. */
  readonly digits: number;
}

/** Steps along the slider, at least. */
const STEPS = 500;
/** Share of the range that is empty at either end. */
const MARGIN = 0.04;
/** Ranges of good scores above the highest of them that are shown: a defect may score a hundred times as high. */
const BEYOND = 5;

/**
 * @param good ascending, at least one score
 * @param others of defects, and thresholds
 */
export function scoreAxis(good: readonly number[], others: readonly number[]): ScoreAxis {
  const [least, most] = [good[0] ?? 0, good.at(-1) ?? 0];
  const range = most - least || Math.abs(most) || 1;
  const high = Math.min(
    most + BEYOND * range,
    others.reduce((a, b) => Math.max(a, b), most),
  );
  const low = Math.max(
    least - range,
    others.reduce((a, b) => Math.min(a, b), least),
  );
  const margin = MARGIN * (high - low || range);
  const step = niceStep((high - low + 2 * margin) / STEPS);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const lowest = rounded(Math.floor((low - margin) / step) * step, digits);
  const highest = rounded(Math.ceil((high + margin) / step) * step, digits);
  return { lowest, highest, step, digits };
}

/** Where a score lies along the axis, 0..1; those beyond it at its ends. */
export function shareOf({ lowest, highest }: ScoreAxis, score: number): number {
  return Math.min(1, Math.max(0, (score - lowest) / (highest - lowest)));
}

/** Numbers of scores in equal parts of the axis; the last has those above it as well. */
export function binned(axis: ScoreAxis, scores: ArrayLike<number>, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < scores.length; i++) {
    const at = Math.min(bins - 1, Math.floor(bins * shareOf(axis, scores[i] as number)));
    counts[at] = (counts[at] as number) + 1;
  }
  return counts;
}

/** Round numbers along the axis. @param most how many have room */
export function ticksOf({ lowest, highest }: ScoreAxis, most: number): number[] {
  const step = niceStep((2.5 * (highest - lowest)) / Math.max(1, most));
  const first = Math.ceil(lowest / step);
  const count = Math.floor(highest / step) - first + 1;
  return Array.from({ length: count }, (_, at) => (first + at) * step);
}

export function rounded(value: number, digits: number): number {
  // The sum turns -0 into 0.
  return Number(value.toFixed(digits)) + 0;
}

/** The next lower 1, 2 or 5 times a power of ten. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [5, 2, 1].find((one) => one * power <= step) ?? 1;
  return factor * power;
}
