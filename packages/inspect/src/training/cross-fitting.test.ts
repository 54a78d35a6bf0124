import { Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { engine, entry, goodEntries, image, tinyTraining } from '../../testing/fakes.ts';
import { recogniserOf } from '../bundle/learnt.ts';
import { describePromise } from '../calibration/promise.ts';
import { scoreImages } from '../calibration/scoring.ts';
import { digest } from '../digest.ts';
import type { ImageEntry } from '../ports.ts';
import { type TrainInput, train } from '../train.ts';

/** Frames of parts, which differ in a few pixels. */
function frames(parts: number, each: number): ImageEntry[] {
  return Array.from({ length: parts * each }, (_, at) => {
    const random = new Random(at).fork('frame');
    const { data, ...size } = image(500 + Math.floor(at / each));
    const noisy = data.map((value) => (random.uniform() < 0.02 ? value ^ 1 : value));
    return entry(`frames/${at}.png`, () => ({ ...size, data: noisy }));
  });
}

describe('a threshold from few parts', () => {
  const calibrationOf = async (entries: readonly ImageEntry[], over: Partial<TrainInput> = {}) => {
    const classes = [{ name: 'part', entries }];
    const schedule = { ...tinyTraining().schedule, epochs: 2 };
    return (await train(tinyTraining({ classes, schedule, ...over }))).manifest.calibration;
  };

  it.each([
    [6, 10, 7],
    [3, 20, 4],
  ])(
    'of %i with %i frames each is cross-fitted, each part left out',
    async (parts, each, oneIn) => {
      const calibration = await calibrationOf(frames(parts, each));
      expect(calibration.origin).toBe('cross-fitted');
      expect(calibration.scores).toHaveLength(parts * each);
      expect(new Set(calibration.groups).size).toBe(parts);
      expect(describePromise(calibration)).toContain(`1 in ${oneIn} `);
    },
  );

  it('accepts new parts that a threshold from frames of learnt parts rejects', async () => {
    const entries = frames(6, 10);
    const classes = [{ name: 'part', entries }];
    const bundle = await train(tinyTraining({ classes }));
    const unseen = goodEntries(30, 600);
    const { threshold } = bundle.manifest.calibration;
    const above = (await scoreImages({ engine, model: bundle, entries: unseen }))
      .map(({ score }) => score)
      .filter((score) => score > threshold);
    // Twice the guaranteed rate, 1 in 7.
    expect(above.length).toBeLessThanOrEqual((2 * 30) / 7);
  });

  it.each([
    ['frames of one part', () => frames(1, 40)],
    ['copies of one image', () => goodEntries(8).map(({ path }) => entry(path, () => image(1)))],
    [
      'black images',
      () =>
        goodEntries(10).map(({ path }) =>
          entry(path, () => ({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) })),
        ),
    ],
  ])('guarantees nothing for %s, and says so', async (_, entries) => {
    const calibration = await calibrationOf(entries());
    expect(calibration.origin).toBe('near-duplicates');
    expect(describePromise(calibration)).toMatch(/^No false positive rate can be promised/);
  });

  it('has a score for each of a few images, and accepts rules that need as many', async () => {
    const calibration = await calibrationOf(goodEntries(10), {
      rules: { threshold: 'max-fpr:0.1' },
    });
    expect(calibration).toMatchObject({ origin: 'cross-fitted', rule: 'max-fpr:0.1' });
    expect(calibration.scores).toHaveLength(10);
    const asked = calibrationOf(goodEntries(10), { rules: { threshold: 'max-fpr:0.05' } });
    await expect(asked).rejects.toThrow(
      'Expected at least 19 normal images of different parts for the threshold max-fpr:0.05 but received 10',
    );
  });

  it('never holds out images that the original bundle was trained on', async () => {
    const first = await train(
      tinyTraining({ classes: [{ name: 'part', entries: goodEntries(20) }] }),
    );
    const more = [...goodEntries(20), ...goodEntries(20, 300)];
    const second = await train(
      tinyTraining({ classes: [{ name: 'part', entries: more }], from: first, seed: 5 }),
    );
    const isLearnt = recogniserOf(first.manifest.learnt);
    const digests = await Promise.all(more.map(async (own) => digest((await own.read()).data)));
    const before = digests.filter(isLearnt);
    const now = recogniserOf(second.manifest.learnt);
    expect(before).toHaveLength(first.manifest.training.images);
    expect(before.every(now)).toBe(true);
    // The last training learnt all of them.
    expect(second.manifest.training.images).toBeGreaterThanOrEqual(before.length);
    expect(second.manifest.calibration.scores.length).toBeLessThanOrEqual(40 - before.length);
  });
});
