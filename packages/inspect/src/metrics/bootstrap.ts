import { Random } from '@bigrid/method';
import { imageMetrics, type MeasuredImage, type Metrics, pixelMetrics } from './metrics.ts';
import { rankPixels, sumPixels } from './pixel-counts.ts';
import type { Ranking } from './ranking.ts';

/** Number of resamples for image metrics, and for pixel metrics, which cost more. */
export const imageResamples = 1000;
export const pixelResamples = 200;
/** Coverage of an interval. */
export const confidenceLevel = 0.95;

/** Confidence interval of a metric over images of the same kind; NaN if the metric is. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export type Intervals = Readonly<Record<keyof Metrics, Interval>>;

/** Values of each metric, one per resample. */
export type Resampled = Readonly<Record<keyof Metrics, Float64Array>>;

/**
 * Values of the metrics over resamples of the images, drawn with replacement from good and anomalous ones separately,
 * so that the numbers of each stay the same (Efron, "Bootstrap methods: another look at the jackknife", 1979; stratified). An
 * image is drawn with all its pixels: they are correlated, and drawing single pixels would give too narrow intervals.
 *
 * @param name mixed into the seed, so that the draws of one class do not depend on the others
 */
export function resampleMetrics(images: readonly MeasuredImage[], name: string): Resampled {
  const random = new Random(0).fork(`bootstrap ${name}`);
  const scores = rankedForDraws(images);
  const measured = images.filter(({ pixels }) => pixels !== undefined);
  const counts = measured.flatMap(({ pixels }) => pixels ?? []);
  const scored = collect(imageResamples, () => imageMetrics(scores(drawTimes(images, random))));
  const pixels = collect(pixelResamples, () =>
    pixelMetrics(rankPixels(sumPixels(counts, drawTimes(measured, random)))),
  );
  return { ...scored, ...pixels };
}

/** The number of times that each image is drawn. */
function drawTimes(images: readonly MeasuredImage[], random: Random): Uint32Array {
  const times = new Uint32Array(images.length);
  for (const kind of [false, true]) {
    const own = [...images.keys()].filter((index) => images[index]?.anomalous === kind);
    for (let i = 0; i < own.length; i++) {
      const drawn = own[random.integer(0, own.length - 1)] as number;
      times[drawn] = (times[drawn] as number) + 1;
    }
  }
  return times;
}

/** Sorts the scores once and returns a function that ranks them, each counted as often as it was drawn. */
function rankedForDraws(images: readonly MeasuredImage[]): (times: Uint32Array) => Ranking {
  const order = [...images.keys()].sort((a, b) => scoreOf(b) - scoreOf(a));
  const isNumber = images.every(({ score }) => !Number.isNaN(score));
  const starts = order.filter((_, i) => i === 0 || scoreAt(i) !== scoreAt(i - 1));
  const thresholds = isNumber ? Float64Array.from(starts, scoreOf) : new Float64Array(0);
  return (times) => {
    const truePositives = new Float64Array(thresholds.length);
    const falsePositives = new Float64Array(thresholds.length);
    let [positives, negatives, place] = [0, 0, -1];
    for (const [i, index] of order.entries()) {
      if (i === 0 || scoreAt(i) !== scoreAt(i - 1)) place++;
      const drawn = times[index] as number;
      if (images[index]?.anomalous) positives += drawn;
      else negatives += drawn;
      truePositives[place] = positives;
      falsePositives[place] = negatives;
    }
    return { thresholds, truePositives, falsePositives, positives, negatives };
  };

  function scoreOf(index: number): number {
    return (images[index] as MeasuredImage).score;
  }
  function scoreAt(i: number): number {
    return scoreOf(order[i] as number);
  }
}

function collect<Name extends string>(
  resamples: number,
  measure: () => Readonly<Record<Name, number>>,
): Record<Name, Float64Array> {
  const collected = {} as Record<Name, Float64Array>;
  for (let i = 0; i < resamples; i++) {
    for (const [name, value] of Object.entries(measure()) as [Name, number][]) {
      collected[name] ??= new Float64Array(resamples);
      collected[name][i] = value;
    }
  }
  return collected;
}

/** Percentile intervals of each metric. */
export function intervalsOf(resampled: Resampled): Intervals {
  const entries = Object.entries(resampled).map(([name, values]) => [name, intervalOf(values)]);
  return Object.fromEntries(entries);
}

function intervalOf(values: Float64Array): Interval {
  if (values.some(Number.isNaN)) return { low: Number.NaN, high: Number.NaN };
  const sorted = values.toSorted();
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const [left, right] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]] as [number, number];
    return left + (right - left) * (place - Math.floor(place));
  };
  const tail = (1 - confidenceLevel) / 2;
  return { low: at(tail), high: at(1 - tail) };
}

/** Intervals of the mean over the classes that have the metric; each class is resampled separately. */
export function meanOfResampled(classes: readonly Resampled[]): Resampled {
  const names = Object.keys(classes[0] ?? {}) as (keyof Metrics)[];
  const means = names.map((name) => {
    const all = classes.map((values) => values[name]);
    const defined = all.filter((values) => !values.some(Number.isNaN));
    const mean = all[0]?.map(
      (_, i) => defined.reduce((sum, values) => sum + (values[i] as number), 0) / defined.length,
    );
    return [name, mean];
  });
  return Object.fromEntries(means);
}
