import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { engine, entry, goodEntries, image, tinyTraining } from '../../testing/fakes.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { inspect } from '../inspect.ts';
import type { Image, ImageEntry, Mask } from '../ports.ts';
import { train } from '../train.ts';
import { Detector } from './detector.ts';
import { isUnknown } from './unknown.ts';

const WIDTH = 10;
/** Values that stay apart under the functions below. */
const value = fc.integer({ min: 0, max: 1000 });
const maxima = fc.array(value, { minLength: 1, maxLength: 20 });
const pixels = fc
  .integer({ min: 1, max: 6 })
  .chain((height) => fc.array(value, { minLength: WIDTH * height, maxLength: WIDTH * height }));

const mapOf = (values: readonly number[]) => ({
  width: WIDTH,
  height: values.length / WIDTH,
  data: Float32Array.from(values),
});
const found = (values: readonly number[], mapMaxima: readonly number[], ignored?: Mask) =>
  isUnknown({ map: mapOf(values), ignored }, mapMaxima);

describe('isUnknown', () => {
  it('takes nine tenths of the map above the lower quartile of the highest values', () => {
    const mapMaxima = [8, 2, 6, 4, 10];
    const nine: number[] = Array(10).fill(4.5).with(3, 0);
    expect(found(nine, mapMaxima)).toBe(true);
    expect(found(nine.with(7, 4), mapMaxima)).toBe(false);
    expect(found(Array(10).fill(4), mapMaxima)).toBe(false);
  });

  it('depends on the order of values only', () => {
    const scales = fc.constantFrom<(value: number) => number>(Math.sqrt, Math.log1p, (x) => 3 * x);
    fc.assert(
      fc.property(pixels, maxima, scales, (values, mapMaxima, scale) => {
        const shuffled = values.toSorted((a, b) => a - b);
        const expected = found(values, mapMaxima);
        expect(found(shuffled, mapMaxima.toReversed())).toBe(expected);
        // Maxima come from maps: single precision, too.
        const scaled = mapMaxima.map((one) => Math.fround(scale(one)));
        expect(found(values.map(scale), scaled)).toBe(expected);
      }),
    );
  });

  it('is never said of what three quarters of the good images reach', () => {
    fc.assert(
      fc.property(pixels, maxima, (values, mapMaxima) => {
        const highest = Math.max(...values);
        const reached = [highest, ...mapMaxima.map((one) => highest + one)];
        // One of at least two; the quartile is rounded up.
        expect(found(values, reached)).toBe(false);
      }),
    );
  });

  it('leaves ignored parts aside', () => {
    fc.assert(
      fc.property(pixels, maxima, fc.infiniteStream(fc.boolean()), (values, mapMaxima, hides) => {
        const hidden = values.map(() => hides.next().value === true);
        const left = values.filter((_, at) => !hidden[at]);
        // Rows of ten of the same values, so that the rest is a map too.
        const rest = left.flatMap((one) => Array<number>(WIDTH).fill(one));
        const ignored = {
          width: WIDTH,
          height: values.length / WIDTH,
          data: Uint8Array.from(hidden, (one) => (one ? 255 : 0)),
        };
        const zeroed = values.map((one, at) => (hidden[at] ? 0 : one));
        expect(found(zeroed, mapMaxima, ignored)).toBe(found(rest, mapMaxima));
      }),
    );
  });
});

describe('the verdict of a model', () => {
  let bundle: Bundle;
  beforeAll(async () => {
    bundle = await train(
      tinyTraining({
        classes: [{ name: 'part', entries: goodEntries(40) }],
        schedule: { ...tinyTraining().schedule, epochs: 24 },
      }),
    );
  });

  async function verdictsOn(entries: Iterable<ImageEntry>) {
    const detector = await Detector.load(engine, bundle);
    const verdicts: { unknown: boolean; isAnomalous: boolean }[] = [];
    for await (const verdict of inspect(detector, bundle.manifest, entries)) {
      if ('error' in verdict) throw verdict.error;
      verdicts.push({ unknown: verdict.unknown, isAnomalous: verdict.isAnomalous });
    }
    await detector.dispose();
    return verdicts;
  }

  const drawn = (name: string, of: (x: number, y: number) => number): ImageEntry =>
    entry(name, (): Image => {
      const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => {
        const pixel = Math.floor(i / 3);
        return of(pixel % 64, Math.floor(pixel / 64));
      });
      return { width: 64, height: 64, data };
    });

  it('is unknown and anomalous for images without the product', async () => {
    const others = [
      drawn('black', () => 0),
      drawn('white', () => 255),
      drawn('noise', (x, y) => Math.abs(Math.sin(12.9898 * x + 78.233 * y) * 43758.5453) % 256),
      drawn('checks', (x, y) => ((x >> 3) + (y >> 3)) % 2 && 255),
    ];
    const verdicts = await verdictsOn(others);
    expect(verdicts).toEqual(others.map(() => ({ unknown: true, isAnomalous: true })));
  });

  it('is known for good images and for defects', async () => {
    const defects = [70, 71, 72].map((seed) =>
      entry(`bad/${seed}.png`, () => image(seed, { defect: true })),
    );
    const verdicts = await verdictsOn([...goodEntries(10, 60), ...defects]);
    expect(verdicts.map(({ unknown }) => unknown)).toEqual(Array(13).fill(false));
    expect(verdicts.slice(10).map(({ isAnomalous }) => isAnomalous)).toEqual(Array(3).fill(true));
  });
});
