import { expect, test } from 'vitest';
import { exampleManifest } from '../../testing/example-manifest.ts';
import { calibrate, underRules } from '../calibration/calibration.ts';
import { mapScaleOf } from './map-scale.ts';

test('colour begins above what good pictures reach, one in a hundred aside', () => {
  expect(mapScaleOf([1, 2, 4])).toEqual({ lowest: 4, highest: 6.4 });
  const many = Array.from({ length: 200 }, (_, i) => i);
  expect(mapScaleOf(many).lowest).toBe(198);
});

test('maps of good pictures that are 0 everywhere still make a scale', () => {
  expect(mapScaleOf([0])).toEqual({ lowest: 0, highest: 1e-6 });
});

test('no rule moves it, other good pictures do', () => {
  const { mapScale } = exampleManifest.calibration;
  for (const rule of ['sigma:9', 'quantile:0', '7'])
    expect(underRules(exampleManifest, { threshold: rule }).calibration.mapScale).toEqual(mapScale);
  expect(calibrate({ scores: [1], mapMaxima: [2] }).mapScale).toEqual({ lowest: 2, highest: 3.2 });
});
