/** The axis that scores are shown on; `low` and `high` are already logarithms where `logarithmic` is set. */
export interface ScoreAxis {
  readonly logarithmic: boolean;
  readonly low: number;
  readonly high: number;
}

/** Above this ratio, a few high scores would squeeze all others into one bar. */
const widestLinear = 20;

/** An axis for all finite scores and the threshold: logarithmic where they span more than a decade or so. */
export function scoreAxisOf(scores: readonly number[], threshold: number): ScoreAxis {
  const finite = [...scores, threshold].filter(Number.isFinite);
  const lowest = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const highest = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const logarithmic = lowest > 0 && highest / lowest >= widestLinear;
  const low = logarithmic ? Math.log10(lowest) : lowest;
  const high = logarithmic ? Math.log10(highest) : highest;
  const margin = (high - low) * 0.03 || Math.abs(low) * 0.1 || 1;
  return { logarithmic, low: low - margin, high: high + margin };
}

/** Position of a score on the axis; infinite scores are at its ends. */
export function onAxis(axis: ScoreAxis, score: number): number {
  const value = axis.logarithmic ? Math.log10(score) : score;
  return Math.min(axis.high, Math.max(axis.low, value));
}

/** Number of `scores` in each of `bins` equal parts of the axis; NaN is in none. */
export function histogram(axis: ScoreAxis, scores: readonly number[], bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const score of scores) {
    if (Number.isNaN(score)) continue;
    const place = (onAxis(axis, score) - axis.low) / (axis.high - axis.low);
    const bin = Math.min(bins - 1, Math.floor(place * bins));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** About `wanted` positions on the axis to label, at round values. */
export function axisTicks(axis: ScoreAxis, wanted: number): number[] {
  if (!axis.logarithmic) return linearTicks(axis.low, axis.high, wanted);
  const decades = axis.high - axis.low;
  const first = Math.floor(axis.low);
  const last = Math.ceil(axis.high);
  const every = Math.max(1, Math.ceil(decades / wanted));
  const within = decades * 3 <= wanted ? [1, 2, 5] : decades * 2 <= wanted ? [1, 3] : [1];
  const ticks: number[] = [];
  for (let decade = first; decade <= last; decade += every) {
    for (const factor of within) ticks.push(decade + Math.log10(factor));
  }
  return ticks.filter((tick) => tick >= axis.low && tick <= axis.high);
}

/** The label of a position on the axis. */
export function tickLabel(axis: ScoreAxis, place: number): string {
  const value = axis.logarithmic ? 10 ** place : place;
  return String(Number(value.toPrecision(2))).replaceAll('-', '−');
}

function linearTicks(low: number, high: number, wanted: number): number[] {
  const rough = (high - low) / wanted;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * ([1, 2, 5].find((factor) => factor * magnitude >= 0.8 * rough) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) ticks.push(i * step);
  return ticks;
}
