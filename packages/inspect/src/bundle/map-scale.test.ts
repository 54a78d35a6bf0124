import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exampleManifest } from '../../testing/example-manifest.ts';
import type { Manifest } from './manifest.ts';
import { mapScaleOf } from './map-scale.ts';

type Method = Manifest['method'];

function scaleOf(pixelThreshold: number, method: Partial<Method> = {}) {
  return mapScaleOf({
    calibration: { ...exampleManifest.calibration, pixelThreshold },
    method: { ...exampleManifest.method, ...method },
  });
}

/** What the detector makes of errors that are alike in all taps. */
const mapOf = (error: number, taps: number) => Math.sqrt(taps * Math.log1p(error ** 2));

test('colour starts at the pixel threshold and is brightest at twice the error', () => {
  const error = fc.double({ min: 0.01, max: 1e3, noNaN: true });
  fc.assert(
    fc.property(error, fc.integer({ min: 1, max: 5 }), (error, count) => {
      const taps = Array.from({ length: count }, (_, at) => at);
      const threshold = mapOf(error, count);
      const { lowest, highest } = scaleOf(threshold, { taps });
      expect(lowest).toBe(threshold);
      expect(highest).toBeCloseTo(mapOf(2 * error, count), 6);
    }),
  );
});

test('a map of plain lengths is brightest at twice the threshold', () => {
  expect(scaleOf(3, { expectation: 'none' })).toEqual({ lowest: 3, highest: 6 });
});

test('there is a scale for every threshold', () => {
  const thresholds = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 });
  fc.assert(
    fc.property(thresholds, fc.constantFrom('none', 'place', 'image'), (threshold, expectation) => {
      const { lowest, highest } = scaleOf(threshold, { expectation });
      expect(lowest).toBe(Math.max(0, threshold));
      expect(highest).toBeGreaterThan(lowest);
      expect(Number.isFinite(highest)).toBe(true);
    }),
  );
});
