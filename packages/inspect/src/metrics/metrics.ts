import {
  type PrecisionRecallPoint,
  precisionRecallCurve,
  type RocPoint,
  rocCurve,
} from './curves.ts';
import { aupro, type ProPoint } from './per-region-overlap.ts';
import { auroc, averagePrecision, f1Max, rank } from './ranking.ts';

/** The metrics of one class, each in 0..1; NaN where the pictures do not define it. */
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

/** What the metrics are computed from: one test picture. */
export interface ScoredPicture {
  readonly anomalous: boolean;
  readonly score: number;
  readonly map: Float32Array;
  readonly mask: Uint8Array | undefined;
}

const maximumPoints = 200;

/**
 * Image metrics over the scores of all pictures; pixel metrics over all pixels of the good pictures and of the
 * anomalous ones that have a mask.
 */
export function metricsOf(
  pictures: readonly ScoredPicture[],
  width: number,
  height: number,
): { metrics: Metrics; curves: ClassCurves } {
  const images = rank(
    pictures.map(({ score }) => score),
    pictures.map(({ anomalous }) => anomalous),
  );
  const counted = pictures.filter(({ anomalous, mask }) => !anomalous || mask);
  const area = width * height;
  const scores = new Float32Array(counted.length * area);
  const labels = new Uint8Array(counted.length * area);
  counted.forEach(({ map, mask }, index) => {
    scores.set(map, index * area);
    if (mask) labels.set(mask, index * area);
  });
  const pixels = rank(scores, labels);
  const overlap = aupro(
    counted.map(({ map }) => map),
    counted.map(({ mask }) => mask),
    { width, height, maximumPoints },
  );
  return {
    metrics: {
      imageAuroc: auroc(images),
      imageAp: averagePrecision(images),
      imageF1Max: f1Max(images).value,
      pixelAuroc: auroc(pixels),
      pixelAp: averagePrecision(pixels),
      pixelF1Max: f1Max(pixels).value,
      aupro: overlap.value,
    },
    curves: {
      imageRoc: rocCurve(images, maximumPoints),
      imagePrecisionRecall: precisionRecallCurve(images, maximumPoints),
      pixelRoc: rocCurve(pixels, maximumPoints),
      pixelPrecisionRecall: precisionRecallCurve(pixels, maximumPoints),
      pro: overlap.curve,
    },
  };
}
