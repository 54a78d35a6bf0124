import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../../testing/example-manifest.ts';
import {
  type CalibrationScores,
  calibrate as calibrateAll,
  judge,
  type ThresholdRules,
  underRules,
} from './calibration.ts';

const unsupported = expect.objectContaining({ code: 'THRESHOLD_UNSUPPORTED' });
/** With one image, which no threshold depends on. */
const statistics = { brightness: 0.5, contrast: 0.2, sharpness: 0.1, red: 0.3, blue: 0.3 };
const calibrate = (scores: Omit<CalibrationScores, 'images'>, rules?: ThresholdRules) =>
  calibrateAll({ images: [statistics], ...scores }, rules);
const invalid = expect.objectContaining({ code: 'OPTION_INVALID' });

describe('calibrate', () => {
  it('takes the highest of a few scores by default', () => {
    expect(calibrate({ scores: [3, 9, 4], mapMaxima: [30, 20, 10] })).toEqual({
      scores: [3, 4, 9],
      mapMaxima: [30, 10, 20],
      origin: 'held-out',
      rule: 'quantile:0.99',
      threshold: 9,
      pixelThreshold: 30,
      images: { brightness: [0.5], contrast: [0.2], sharpness: [0.1], red: [0.3], blue: [0.3] },
    });
    expect(calibrate({ scores: [5], mapMaxima: [6] })).toMatchObject({
      threshold: 5,
      pixelThreshold: 6,
    });
  });

  it('counts a group of near-duplicates as one image, in scores and in maps', () => {
    // Three parts of four frames, and two of one: the fourth part is what max-fpr:0.4 may be above.
    const scores = [1, 1, 1, 1, 2, 2, 2, 2, 9, 9, 9, 8, 5, 6];
    const groups = [7, 7, 7, 7, 3, 3, 3, 3, 4, 4, 4, 4, 5, 6];
    const mapMaxima = scores.map((score) => 10 - score);
    const made = calibrate({ scores, mapMaxima, groups }, { threshold: 'max-fpr:0.4' });
    expect(made).toMatchObject({
      scores: [1, 1, 1, 1, 2, 2, 2, 2, 5, 6, 8, 9, 9, 9],
      groups: [0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4],
      // (1 + 1) / (5 + 1) of the parts are above.
      threshold: 6,
      pixelThreshold: 8,
    });
    expect(made.mapMaxima).toEqual(made.scores.map((score) => 10 - score));
    // Without groups the many frames would have set it.
    expect(calibrate({ scores, mapMaxima }, { threshold: 'max-fpr:0.4' }).threshold).toBe(5);
    const few = () => calibrate({ scores, mapMaxima, groups }, { threshold: 'max-fpr:0.15' });
    expect(few).toThrow(unsupported);
    const ruled = underRules(
      { ...exampleManifest, calibration: made },
      { threshold: 'max-fpr:0.2' },
    ).calibration;
    expect([ruled.threshold, ruled.groups]).toEqual([9, made.groups]);
  });

  it.each([
    ['quantile:.50', 'quantile:0.5', 3, 30],
    ['max-fpr:0.5', 'max-fpr:0.5', 3, 30],
    ['sigma:0', 'sigma:0', 3.2, 32],
    ['2.50', '2.5', 2.5, 60],
    ['F1', 'f1', 3.5, 60],
  ])('by %s both thresholds follow, and the rule is kept as %s', (text, rule, ...thresholds) => {
    const [scores, mapMaxima] = [
      [1, 2, 3, 4, 6],
      [10, 20, 30, 40, 60],
    ];
    const made = calibrate({ scores, mapMaxima, defectScores: [4, 6, 7] }, { threshold: text });
    expect([made.rule, made.threshold, made.pixelThreshold]).toEqual([rule, ...thresholds]);
  });

  it('refuses an invalid rule, and one that needs more than is available', () => {
    const few = { scores: [1, 2], mapMaxima: [1, 2] };
    expect(() => calibrate(few, { threshold: 'median' })).toThrow(invalid);
    expect(() => calibrate(few, { threshold: 'f1' })).toThrow(unsupported);
    expect(() => calibrate(few, { threshold: 'max-fpr:0.3' })).toThrow(unsupported);
  });
});

describe('underRules', () => {
  it('does not change the manifest without a rule', () => {
    expect(underRules(exampleManifest, {})).toBe(exampleManifest);
  });

  it('sets both thresholds, and nothing else', () => {
    const measuredAt = '2026-07-04T12:30:45.000Z';
    const manifest = {
      ...exampleManifest,
      calibration: { ...exampleManifest.calibration, measuredAt },
    };
    expect(underRules(manifest, { threshold: 'quantile:0.5' })).toEqual({
      ...manifest,
      calibration: {
        ...manifest.calibration,
        rule: 'quantile:0.5',
        threshold: 2,
        pixelThreshold: 3,
      },
    });
  });

  it('refuses f1, because a bundle stores no scores of defects', () => {
    expect(() => underRules(exampleManifest, { threshold: 'f1' })).toThrow(unsupported);
  });
});

describe('unsure', () => {
  const given = { scores: [1, 2, 3, 4, 6], mapMaxima: [1, 2, 3, 4, 6] };
  const rules = { threshold: 'quantile:1', unsure: 'max-fpr:.5' };

  it('covers scores above its own threshold and not above the main one', () => {
    const calibration = calibrate(given, rules);
    expect(calibration).toMatchObject({
      rule: 'quantile:1',
      threshold: 6,
      unsure: { rule: 'max-fpr:0.5', threshold: 3 },
    });
    expect([2.9, 3, 3.1, 6, 6.1].map((score) => judge(score, calibration))).toEqual([
      'normal',
      'normal',
      'unsure',
      'unsure',
      'anomalous',
    ]);
    expect(judge(3.1, { threshold: 6 })).toBe('normal');
    expect(judge(Number.NaN, calibration)).toBe('normal');
  });

  it('uses defects for f1, and may start at the threshold', () => {
    const both = calibrate({ ...given, defectScores: [5, 7] }, { threshold: '4.5', unsure: 'f1' });
    expect(both.unsure).toEqual({ rule: 'f1', threshold: 4.5 });
    expect(judge(4.5, both)).toBe('normal');
  });

  it('may not start above the threshold', () => {
    expect(() => calibrate(given, { threshold: '3', unsure: 'sigma:3' })).toThrow(invalid);
  });

  it('is kept under other threshold rules that leave room for it, and removed by none', () => {
    const manifest = { ...exampleManifest, calibration: calibrate(given, rules) };
    const under = (asked: object) => underRules(manifest, asked).calibration;
    expect(under({ threshold: '9' })).toMatchObject({ threshold: 9, unsure: { threshold: 3 } });
    expect(() => under({ threshold: '2' })).toThrow(invalid);
    expect(under({ threshold: '2', unsure: 'none' })).not.toHaveProperty('unsure');
    expect(under({ unsure: 'none' })).not.toHaveProperty('unsure');
    expect(under({ unsure: '5' })).toMatchObject({ threshold: 6, unsure: { threshold: 5 } });
    expect(() => under({ unsure: 'median' })).toThrow(invalid);
  });
});
