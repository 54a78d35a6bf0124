import { EXPECTED } from '@bigrid/method';
import { expect, it } from 'vitest';
import { tinyBackbone } from '../../../method/testing/tiny.ts';
import {
  engines,
  entry,
  goodEntries,
  image,
  memoryReplay,
  memoryScratches,
  tinyTraining,
} from '../../testing/fakes.ts';
import { type Bundle, trainedValues } from '../bundle/bundle.ts';
import { train } from '../train.ts';
import { type UpdateInput, update } from '../update.ts';

function updated(from: Pick<UpdateInput, 'bundle' | 'replay' | 'good'>) {
  return update({
    ...engines,
    backbone: tinyBackbone,
    openScratch: memoryScratches().open,
    now: () => new Date('2025-02-03T04:05:06Z'),
    allowSuspect: true,
    ...from,
  });
}

it('expects of images that are apart what they have in common, and of the others what it did', async () => {
  const classes = [{ name: 'part', entries: goodEntries(40) }];
  const trained = async (expectation: 'image' | 'none') => {
    const kept = memoryReplay(20);
    const method = { ...tinyTraining().method, expectation };
    const bundle = await train(tinyTraining({ method, classes, replay: kept }));
    return { bundle, replay: kept.entries() };
  };
  const [from, without] = [await trained('image'), await trained('none')];
  const negatives = Array.from({ length: 12 }, (_, i) =>
    entry(`negative/${i}.png`, () => {
      const { data, ...size } = image(500 + i);
      return { ...size, data: data.map((value) => 255 - value) };
    }),
  );
  const kindsIn = (of: Bundle) => trainedValues(of).parameters.get(EXPECTED.energy)?.shape[0];
  const apart = await updated({ ...from, good: negatives });
  expect([kindsIn(from.bundle), kindsIn(apart.bundle)]).toEqual([1, 2]);
  const alike = await updated({ ...from, good: goodEntries(12, 800) });
  expect(kindsIn(alike.bundle)).toBe(1);
  // Where nothing is expected, the same learning goes the whole of the way.
  const whole = await updated({ ...without, good: negatives });
  const way = (of: Bundle) => {
    const now = trainedValues(of).parameters;
    const moved = [...trainedValues(without.bundle).parameters].flatMap(([name, { data }]) => {
      // Constants of the graph are no trained values, and are numbered by what it is made of.
      if (name.includes('constant')) return [];
      const after = now.get(name)?.data;
      return after ? [...data].map((value, at) => (value - (after[at] as number)) ** 2) : [];
    });
    return Math.sqrt(moved.reduce((sum, square) => sum + square, 0));
  };
  expect(way(apart.bundle) / way(whole.bundle)).toBeCloseTo(0.5, 2);
});
