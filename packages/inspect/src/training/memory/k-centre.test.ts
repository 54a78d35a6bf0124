import { Random } from '@bigrid/method';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engine } from '../../../testing/fakes.ts';
import { kCentre } from './k-centre.ts';
import { kMeans } from './k-means.ts';

const WIDTH = 3;

const points = fc
  .array(fc.tuple(fc.integer({ max: 50 }), fc.integer({ max: 50 }), fc.integer({ max: 50 })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((rows) => Float32Array.from(rows.flat()));

const squared = (data: Float32Array, a: number, b: number) =>
  [0, 1, 2].reduce(
    (sum, i) => sum + ((data[a * WIDTH + i] as number) - (data[b * WIDTH + i] as number)) ** 2,
    0,
  );

/** The textbook form: every distance to every centre. */
function naive(data: Float32Array, count: number): number[] {
  const all = [...Array(data.length / WIDTH).keys()];
  const nearest = all.map(() => Number.POSITIVE_INFINITY);
  const centres: number[] = [];
  while (centres.length < Math.min(count, all.length)) {
    const centre = centres.length === 0 ? 0 : nearest.indexOf(Math.max(...nearest));
    centres.push(centre);
    for (const point of all) {
      nearest[point] = Math.min(nearest[point] as number, squared(data, point, centre));
    }
  }
  return centres;
}

/** The largest distance of a point from its nearest centre. */
const radius = (data: Float32Array, centres: readonly number[]) =>
  Math.sqrt(
    Math.max(
      ...[...Array(data.length / WIDTH).keys()].map((point) =>
        Math.min(...centres.map((centre) => squared(data, point, centre))),
      ),
    ),
  );

describe('k-centre', () => {
  it('chooses the first few one by one', async () => {
    await fc.assert(
      fc.asyncProperty(points, fc.integer({ min: 1, max: 8 }), async (data, count) => {
        const chosen = await kCentre(engine, { data, width: WIDTH }, count);
        expect(radius(data, chosen)).toBeCloseTo(radius(data, naive(data, count)), 2);
      }),
      { numRuns: 20 },
    );
  });

  it('covers in batches nearly as well as one by one, and chooses no point twice', async () => {
    const random = new Random(2);
    const data = random.array(WIDTH * 900, () => 50 * random.normal());
    const chosen = await kCentre(engine, { data, width: WIDTH }, 400);
    expect(new Set(chosen).size).toBe(400);
    expect(radius(data, chosen)).toBeLessThan(1.2 * radius(data, naive(data, 400)));
  });

  it('begins with the given points', async () => {
    const data = Float32Array.from({ length: WIDTH * 300 }, (_, i) => (i * 7919) % 101);
    const chosen = await kCentre(engine, { data, width: WIDTH }, 120, 100);
    expect(chosen.slice(0, 100)).toEqual([...Array(100).keys()]);
    expect(new Set(chosen).size).toBe(120);
  });

  it('takes a rare point before it takes a common one twice', async () => {
    const data = Float32Array.from([
      ...Array(90)
        .fill(0)
        .map((_, i) => i % 2),
      50,
      50,
      50,
    ]);
    expect((await kCentre(engine, { data, width: WIDTH }, 2))[1]).toBe(30);
  });
});

describe('k-means', () => {
  it('finds the means of groups that are apart', () => {
    const random = new Random(1);
    const data = Float32Array.from(
      { length: 200 },
      (_, i) => (i % 4 < 2 ? 0 : 100) + random.uniform(),
    );
    const means = kMeans({ data, width: 2 }, 2, random);
    expect([...means].map((value) => Math.floor(value)).sort((a, b) => a - b)).toEqual([
      0, 0, 100, 100,
    ]);
  });

  it('gives every point its own mean if there are few', () => {
    const means = kMeans({ data: Float32Array.of(1, 2, 3), width: 1 }, 8, new Random(0));
    expect([...means].sort()).toEqual([1, 2, 3]);
  });
});
