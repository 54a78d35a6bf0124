import { readModel } from '@bigrid/graph';
import { LIGHT } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import {
  engine,
  entry,
  goodEntries,
  image,
  tinyTraining,
  unreadable,
} from '../../testing/fakes.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { Detector } from '../detection/detector.ts';
import type { Image } from '../ports.ts';
import { train } from '../train.ts';
import { lightOf } from './light.ts';

const { method } = tinyTraining();
const even = (...colour: number[]) =>
  entry('even.png', () => ({
    width: 2,
    height: 2,
    data: Uint8Array.from({ length: 12 }, (_, at) => colour[at % 3] as number),
  }));

describe('lightOf', () => {
  it('is the median over readable images, a row per class', async () => {
    const { shape, data } = await lightOf(engine, method, [
      {
        name: 'a',
        entries: [even(10, 20, 30), unreadable('broken.png'), even(30, 40, 50), even(31, 90, 49)],
      },
      { name: 'b', entries: [unreadable('broken.png')] },
    ]);
    expect(shape).toEqual([2, 192]);
    const level = (at: number) => Math.round(data[at] as number);
    expect([level(0), level(64), level(191)]).toEqual([30, 40, 49]);
    expect(data.subarray(192).every((value) => value === 127)).toBe(true);
  });

  it('reads a few images of each class only', async () => {
    let read = 0;
    const entries = Array.from({ length: 500 }, () =>
      entry('counted.png', () => {
        read++;
        return { width: 1, height: 1, data: Uint8Array.of(1, 1, 1) };
      }),
    );
    await lightOf(engine, method, [{ name: 'a', entries }]);
    expect(read).toBe(20);
  });
});

describe('a model that evens out light', () => {
  const dimmed = ({ data, ...size }: Image): Image => ({
    ...size,
    data: data.map((value) => Math.round(0.8 * value)),
  });
  const trainedWith = (light: 'free' | 'fixed') => {
    const base = tinyTraining({ classes: [{ name: 'part', entries: goodEntries(12) }] });
    return train({ ...base, method: { ...base.method, light } });
  };
  /** Scores of a good image and of the same in dimmed light. */
  async function scores(bundle: Bundle): Promise<[number, number]> {
    const detector = await Detector.load(engine, bundle);
    try {
      const usual = await detector.inspect(image(90));
      const dim = await detector.inspect(dimmed(image(90)));
      return [usual.score, dim.score];
    } finally {
      await detector.dispose();
    }
  }

  it('scores an image in dimmed light as in the usual one; a fixed light counts', async () => {
    const [free, fixed] = [await trainedWith('free'), await trainedWith('fixed')];
    const changeOf = ([usual, dim]: [number, number]) => Math.abs(dim - usual) / usual;
    const [withFree, withFixed] = [changeOf(await scores(free)), changeOf(await scores(fixed))];
    expect(withFree).toBeLessThan(0.05);
    expect(withFixed).toBeGreaterThan(4 * withFree);
    expect(readModel(fixed.bytes).initialisers.has(LIGHT)).toBe(false);
  });
});
