import { Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import {
  imageResamples,
  intervalsOf,
  meanOfResampled,
  pixelResamples,
  resampleMetrics,
} from './bootstrap.ts';
import { type MeasuredImage, metricsOf } from './metrics.ts';
import { countPixels } from './pixel-counts.ts';

/** Images of 8 x 8 whose scores and maps overlap: good ones around 1, defective ones around `shift`. */
function images(count: number, shift: number, seed = 1): MeasuredImage[] {
  const random = new Random(seed);
  const next = () => random.uniform();
  return Array.from({ length: count }, (_, i) => {
    const anomalous = i % 2 === 1;
    const mask = anomalous ? Uint8Array.from({ length: 64 }, (_, p) => (p < 9 ? 1 : 0)) : undefined;
    const map = Float32Array.from({ length: 64 }, (_, p) => next() + (mask?.[p] ? shift - 1 : 0));
    return {
      anomalous,
      score: next() + next() + next() + (anomalous ? shift : 1),
      pixels: countPixels(map, mask, 8, 8),
    };
  });
}

describe('resampleMetrics', () => {
  it('gives the stated number of values, reproducibly, around the metric', () => {
    const own = images(60, 1.5);
    const resampled = resampleMetrics(own, 'part');
    expect(resampled.imageAuroc).toHaveLength(imageResamples);
    expect(resampled.aupro).toHaveLength(pixelResamples);
    expect(resampleMetrics(own, 'part')).toEqual(resampled);
    expect(resampleMetrics(own, 'other').imageAuroc).not.toEqual(resampled.imageAuroc);
    const { metrics } = metricsOf(own);
    for (const [name, { low, high }] of Object.entries(intervalsOf(resampled))) {
      const value = metrics[name as keyof typeof metrics];
      expect(low, name).toBeLessThan(value);
      expect(high, name).toBeGreaterThan(value);
      expect(high - low, name).toBeLessThan(0.5);
    }
  });

  it('is as wide as the standard deviation of AUROC predicts', () => {
    // Hanley and McNeil, 1982: the deviation of AUROC from 40 good and 40 defective images.
    const own = images(80, 1.4);
    const { imageAuroc: a } = metricsOf(own).metrics;
    const [q1, q2] = [a / (2 - a), (2 * a * a) / (1 + a)];
    const deviation = Math.sqrt((a * (1 - a) + 39 * (q1 - a * a) + 39 * (q2 - a * a)) / 1600);
    const { low, high } = intervalsOf(resampleMetrics(own, 'part')).imageAuroc;
    expect((high - low) / (2 * 1.96 * deviation)).toBeGreaterThan(0.8);
    expect((high - low) / (2 * 1.96 * deviation)).toBeLessThan(1.2);
  });

  it('narrows with the images, and not with the pixels of an image', () => {
    const width = (count: number) => {
      const { low, high } = intervalsOf(resampleMetrics(images(count, 1.5), 'part')).pixelAp;
      return high - low;
    };
    expect(width(160)).toBeLessThan(0.8 * width(40));
  });

  it('is a single number if nothing is confused, and undefined if the metric is', () => {
    const own = images(20, 9);
    expect(intervalsOf(resampleMetrics(own, 'part')).imageAuroc).toEqual({ low: 1, high: 1 });
    const good = own.filter(({ anomalous }) => !anomalous);
    const odd = own.map((image, i) => (i === 3 ? { ...image, score: Number.NaN } : image));
    const none = { low: Number.NaN, high: Number.NaN };
    expect(intervalsOf(resampleMetrics(good, 'part')).imageAuroc).toEqual(none);
    expect(intervalsOf(resampleMetrics(good, 'part')).aupro).toEqual(none);
    expect(intervalsOf(resampleMetrics(odd, 'part')).imageAp).toEqual(none);
  });

  it('draws equal scores as one threshold', () => {
    const tied = images(20, 2).map((image) => ({ ...image, score: 3 }));
    expect(intervalsOf(resampleMetrics(tied, 'part')).imageAuroc).toEqual({ low: 0.5, high: 0.5 });
  });
});

describe('meanOfResampled', () => {
  it('is narrower than its classes, which are drawn apart', () => {
    const classes = [1, 2, 3, 4].map((seed) =>
      resampleMetrics(images(40, 1.5, seed), String(seed)),
    );
    const widths = [...classes, meanOfResampled(classes)].map((resampled) => {
      const { low, high } = intervalsOf(resampled).imageAuroc;
      return high - low;
    });
    const mean = widths.pop() as number;
    expect(mean).toBeLessThan(0.75 * Math.max(...widths));
    expect(mean).toBeGreaterThan(0.25 * Math.max(...widths));
  });
});
