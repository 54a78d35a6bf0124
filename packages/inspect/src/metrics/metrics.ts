import {
  type PrecisionRecallPoint,
  precisionRecallCurve,
  type RocPoint,
  rocCurve,
} from './curves.ts';
import { aupro, type ProPoint } from './per-region-overlap.ts';
import { type PixelCounts, type PixelRanking, rankPixels, sumPixels } from './pixel-counts.ts';
import {
  auroc,
  averagePrecision,
  binnedAveragePrecision,
  f1Max,
  type Ranking,
  rank,
} from './ranking.ts';

/** The metrics of one class, each in 0..1; NaN if undefined for the images. */
export interface Metrics {
  readonly imageAuroc: number;
  readonly imageAp: number;
  readonly imageF1Max: number;
  readonly pixelAuroc: number;
  readonly pixelAp: number;
  readonly pixelF1Max: number;
  readonly aupro: number;
}

/** Curves of one class, thinned for plotting. */
export interface ClassCurves {
  readonly imageRoc: readonly RocPoint[];
  readonly imagePrecisionRecall: readonly PrecisionRecallPoint[];
  readonly pixelRoc: readonly RocPoint[];
  readonly pixelPrecisionRecall: readonly PrecisionRecallPoint[];
  readonly pro: readonly ProPoint[];
}

/** One test image, as input of the metrics. */
export interface MeasuredImage {
  readonly anomalous: boolean;
  readonly score: number;
  /** Undefined for an anomalous image without a mask, which is not in any pixel metric. */
  readonly pixels: PixelCounts | undefined;
}

const maximumPoints = 200;

/**
 * Image metrics over the scores of all images; pixel metrics over all pixels of the good images and of the
 * anomalous ones that have a mask.
 */
export function metricsOf(images: readonly MeasuredImage[]): {
  metrics: Metrics;
  curves: ClassCurves;
} {
  const scores = rank(
    images.map(({ score }) => score),
    images.map(({ anomalous }) => anomalous),
  );
  const pixels = rankPixels(sumPixels(images.flatMap((image) => image.pixels ?? [])));
  return {
    metrics: { ...imageMetrics(scores), ...pixelMetrics(pixels) },
    curves: {
      imageRoc: rocCurve(scores, maximumPoints),
      imagePrecisionRecall: precisionRecallCurve(scores, maximumPoints),
      pixelRoc: rocCurve(pixels, maximumPoints),
      pixelPrecisionRecall: precisionRecallCurve(pixels, maximumPoints),
      pro: aupro(pixels, maximumPoints).curve,
    },
  };
}

/** The mean of each metric over the classes that have it, and the number of those. @param classes at least one */
export function meanMetrics(classes: readonly Metrics[]): {
  mean: Metrics;
  meanOver: Record<keyof Metrics, number>;
} {
  const names = Object.keys(classes[0] as Metrics) as (keyof Metrics)[];
  const of = (name: keyof Metrics) =>
    classes.map((metrics) => metrics[name]).filter((value) => !Number.isNaN(value));
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const each = (measure: (values: readonly number[]) => number) =>
    Object.fromEntries(names.map((name) => [name, measure(of(name))])) as Record<
      keyof Metrics,
      number
    >;
  return { mean: each(mean), meanOver: each(({ length }) => length) };
}

export function imageMetrics(images: Ranking) {
  return {
    imageAuroc: auroc(images),
    imageAp: averagePrecision(images),
    imageF1Max: f1Max(images).value,
  };
}

export function pixelMetrics(pixels: PixelRanking) {
  return {
    pixelAuroc: auroc(pixels),
    pixelAp: binnedAveragePrecision(pixels),
    pixelF1Max: f1Max(pixels).value,
    aupro: aupro(pixels, maximumPoints).value,
  };
}

/** The metrics of one kind of defect: its images against the good ones of its class. */
export interface DefectMetrics {
  /** Area under the ROC of scores, in 0..1; NaN if there are no good images. */
  readonly imageAuroc: number;
  /** Area under the per-region overlap curve, in 0..1; NaN if no image has a mask. */
  readonly aupro: number;
}

/** @param images those of one kind of defect, and the good ones of its class */
export function defectMetricsOf(images: readonly MeasuredImage[]): DefectMetrics {
  const { metrics } = metricsOf(images);
  return { imageAuroc: metrics.imageAuroc, aupro: metrics.aupro };
}
