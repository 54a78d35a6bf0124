import { readModel, type Tensor } from '@bigrid/graph';
import { GAUSSIANS } from '@bigrid/method';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyBackbone } from '../../../../method/testing/tiny.ts';
import {
  engine,
  engines,
  entry,
  goodEntries,
  image,
  memoryReplay,
  memoryScratches,
  otherLight,
  tinyTraining,
} from '../../../testing/fakes.ts';
import type { Bundle } from '../../bundle/bundle.ts';
import { Detector } from '../../detection/detector.ts';
import type { Mask } from '../../ports.ts';
import { type TrainInput, train } from '../../train.ts';
import { update } from '../../update.ts';
import { ONLY_RESTORING } from './matching.ts';

function training(
  over: Partial<TrainInput['method']> = {},
  more: Partial<TrainInput> = {},
): TrainInput {
  const base = tinyTraining();
  const method: TrainInput['method'] = {
    ...base.method,
    grids: 'gaussian+restoring',
    anomalySource: 'swap',
    expectation: 'place',
    ...over,
  };
  const classes = [{ name: 'part', entries: goodEntries(16) }];
  return { ...base, classes, method, ...more };
}

const numbersOf = ({ bytes }: Bundle, name: string) => [
  ...((readModel(bytes).initialisers.get(name) as Tensor<'float32'> | undefined)?.data ?? []),
];

describe('a grid of Gaussians', () => {
  const replay = memoryReplay(4);
  let bundle: Bundle;
  beforeAll(async () => {
    bundle = await train({ ...training(), replay });
  });

  it('is fitted to all learnt images, with as many cells at every place', () => {
    const counts = numbersOf(bundle, GAUSSIANS.counts);
    const { images } = bundle.manifest.training;
    const cells = bundle.manifest.method.cells ** 2;
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(images * cells);
    expect(new Set(counts).size).toBe(1);
    expect(numbersOf(bundle, GAUSSIANS.joinedMap)).not.toEqual(ONLY_RESTORING);
  });

  it('has a part in the score, and leaves a defect above good images', async () => {
    const alone = await train(training({ grids: 'restoring' }));
    const [joint, restoring] = [
      await Detector.load(engine, bundle),
      await Detector.load(engine, alone),
    ];
    try {
      const good = [40, 41, 42].map((seed) => image(seed));
      const scores = await Promise.all(good.map((one) => joint.inspect(one)));
      const defect = await joint.inspect(image(43, { defect: true }));
      expect(defect.score).toBeGreaterThan(Math.max(...scores.map(({ score }) => score)));
      expect(defect.score).not.toBeCloseTo(
        (await restoring.inspect(image(43, { defect: true }))).score,
        6,
      );
    } finally {
      await joint.dispose();
      await restoring.dispose();
    }
  });

  it('leaves out cells that are ignored', async () => {
    const data = Uint8Array.from({ length: 64 * 64 }, (_, pixel) => (pixel % 64 < 32 ? 255 : 0));
    const ignored: Mask = { width: 64, height: 64, data };
    const masked = await train(training({}, { ignored }));
    const [all, counted] = [
      numbersOf(bundle, GAUSSIANS.counts),
      numbersOf(masked, GAUSSIANS.counts),
    ];
    expect(counted.filter((count) => count === 0)).toHaveLength(all.length / 2);
  });

  it('has a row and directions of its own per kind', async () => {
    const classes = [
      { name: 'part', entries: goodEntries(12) },
      { name: 'lit', entries: otherLight(12, 200) },
    ];
    const both = await train(training({}, { classes }));
    const shape = readModel(both.bytes).initialisers.get(GAUSSIANS.means)?.shape;
    expect(shape?.[0]).toBe(2);
    const metric = numbersOf(both, GAUSSIANS.metric);
    const [first, second] = [metric.slice(0, metric.length / 2), metric.slice(metric.length / 2)];
    expect(first.some((value) => value !== 0)).toBe(true);
    expect(second).not.toEqual(first);
  });

  it('adds only images that it has not learnt before in an update', async () => {
    const known = await goodEntries(16)[1]?.read();
    const fresh = [...goodEntries(5, 60), entry('again.png', () => known as never)];
    const updated = await update({
      ...engines,
      backbone: tinyBackbone,
      bundle,
      good: fresh,
      replay: replay.entries(),
      allowSuspect: true,
      openScratch: memoryScratches().open,
      now: () => new Date('2025-02-03T04:05:06Z'),
    });
    const [before] = numbersOf(bundle, GAUSSIANS.counts) as [number];
    const [after] = numbersOf(updated.bundle, GAUSSIANS.counts) as [number];
    const each = before / bundle.manifest.training.images;
    const learnt = updated.images.filter(({ heldOut, path }) => !heldOut && path !== 'again.png');
    expect(after - before).toBeCloseTo(each * learnt.length, 4);
  });

  it('gives the same bundle for the same seed', async () => {
    expect((await train({ ...training(), replay: memoryReplay(4) })).bytes).toEqual(bundle.bytes);
  });

  it.each([
    ['restoring', 'place'],
    ['gaussian+restoring', 'none'],
  ] as const)('is not there with grids %s and expectation %s', async (grids, expectation) => {
    const { bytes } = await train(training({ grids, expectation }));
    const names = [...readModel(bytes).initialisers.keys()];
    expect(names.filter((name) => name.startsWith('gaussians'))).toEqual([]);
  });
});
