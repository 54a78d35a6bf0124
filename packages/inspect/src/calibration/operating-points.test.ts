import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exampleManifest } from '../../testing/example-manifest.ts';
import { judge } from './calibration.ts';
import { operatingPoints, underLabelledRules } from './operating-points.ts';

const scores = fc.array(fc.float({ noNaN: true, min: 0, max: 1e4 }), {
  minLength: 1,
  maxLength: 40,
});

test('counts each point by its shortened threshold, like verdicts', () => {
  const good = [1, 2, 3, 4.123456];
  const defects = [...Array.from({ length: 19 }, (_, i) => 4.2 + i), 1.5];
  expect(operatingPoints({ good, defects })).toEqual([
    { rule: 'f1', threshold: 4.16, truePositives: 19, falsePositives: 0 },
    { rule: 'recall:0.95', threshold: 4.16, truePositives: 19, falsePositives: 0 },
    { rule: 'recall:0.99', threshold: 1.25, truePositives: 20, falsePositives: 3 },
  ]);
});

test('a threshold keeps enough digits to separate close scores', () => {
  const [point] = operatingPoints({ good: [4.1234561], defects: [4.1234567] });
  expect(point).toMatchObject({ truePositives: 1, falsePositives: 0 });
  expect(String(point?.threshold).length).toBeLessThanOrEqual(10);
});

test('reaches the stated recall, whatever the scores', () => {
  fc.assert(
    fc.property(scores, scores, (good, defects) => {
      const [f1, ...recalls] = operatingPoints({ good, defects });
      expect(f1?.truePositives).toBeGreaterThan(0);
      for (const [index, recall] of [0.95, 0.99].entries()) {
        const caught = recalls[index]?.truePositives ?? 0;
        expect(caught / defects.length).toBeGreaterThanOrEqual(recall - 1e-9);
      }
    }),
  );
});

test.each([
  ['no good images', [], [1]],
  ['no defects', [1], []],
  ['a score that is not a number', [1, Number.NaN], [3]],
])('there are none with %s', (_, good, defects) => {
  expect(operatingPoints({ good, defects })).toEqual([]);
});

test('rules of labelled defects use the evaluated images, others the manifest', () => {
  const labelled = { good: [1, 2, 3], defects: [5, 9] };
  const ruled = (threshold?: string, unsure?: string) =>
    underLabelledRules(exampleManifest, { threshold, unsure }, labelled).calibration;
  expect(ruled('f1')).toMatchObject({ rule: 'f1', threshold: 4 });
  expect(ruled('recall:0.5', 'recall:1')).toMatchObject({
    ...{ rule: 'recall:0.5', threshold: 7, unsure: { rule: 'recall:1', threshold: 4 } },
  });
  expect(judge(5, ruled('recall:0.5', 'recall:1'))).toBe('unsure');
  expect(ruled()).toEqual(exampleManifest.calibration);
  expect(() =>
    underLabelledRules(exampleManifest, { threshold: 'f1' }, { good: [1], defects: [] }),
  ).toThrow(expect.objectContaining({ code: 'THRESHOLD_UNSUPPORTED' }));
});
