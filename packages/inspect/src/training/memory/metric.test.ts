import { float32 } from '@bigrid/graph';
import { Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { metricOf, steadied } from './metric.ts';

const COUNT = 2000;
const taps = { tapChannels: [2, 2], tapCells: [8, 2] };

/** Variance along each direction of the metric over cells of independent channels. */
async function variances(deviations: readonly number[]) {
  const random = new Random(3);
  const cells = random.array(4 * COUNT, () => random.normal());
  cells.forEach((value, i) => {
    cells[i] = value * (deviations[i % 4] as number);
  });
  const { data } = await metricOf(cells, taps, Float32Array.of(1, 1, 1, 1));
  return [0, 1, 2, 3].map((row) => {
    let sum = 0;
    for (let cell = 0; cell < COUNT; cell++) {
      const mapped = [0, 1, 2, 3].reduce(
        (total, i) => total + (data[4 * row + i] as number) * (cells[4 * cell + i] as number),
        0,
      );
      sum += mapped ** 2 / COUNT;
    }
    return sum;
  });
}

it('gives taps equal variance, coarser ones less, by the root of their cells along a side', async () => {
  // The second tap has a quarter of the cells along a side: half of the variance.
  const found = await variances([1, 1, 9, 9]);
  expect(found.reduce((a, b) => a + b)).toBeCloseTo(1.5, 1);
  expect(found).toEqual(found.toSorted((a, b) => b - a));
});

it('scales directions of large variance down, and does not blow noise up', async () => {
  const [most, ...rest] = await variances([10, 1, 0, 0]);
  // Variances of 100 and 1, divided by the root of themselves plus a twentieth of their mean.
  const expected = 100 / Math.sqrt(100 + 50.5 / 20) / (1 / Math.sqrt(1 + 50.5 / 20));
  expect((most as number) / Math.max(...rest) / expected).toBeCloseTo(1, 0);
  expect((most as number) / Math.max(...rest)).toBeLessThan(25);
});

describe('a steadied metric', () => {
  const identity = float32([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  const normal = (count: number, deviations: readonly number[], seed: number) => {
    const random = new Random(seed);
    const cells = random.array(3 * count, () => random.normal());
    return cells.map((value, at) => value * (deviations[at % 3] as number));
  };
  const rowsOf = (data: Float32Array) =>
    [0, 1, 2].map((row) => [...data.subarray(3 * row, 3 * row + 3)]);
  const lengthOf = (data: Float32Array, vector: readonly number[]) =>
    Math.hypot(
      ...rowsOf(data).map((row) =>
        row.reduce((sum, value, i) => sum + value * (vector[i] as number), 0),
      ),
    );

  it('shrinks what light changes, by its variance next to that of cells, and nothing else', async () => {
    const cells = normal(COUNT, [1, 1, 1], 1);
    const changes = cells.map((_, at) => (at % 3 === 2 ? (at % 2 === 0 ? 2 : -2) : 0));
    const { data } = await steadied(identity, cells, changes);
    expect(lengthOf(data, [1, 0, 0])).toBeCloseTo(1, 1);
    expect(lengthOf(data, [0, 1, 0])).toBeCloseTo(1, 1);
    // A variance of 4 counts sixteen times.
    expect(lengthOf(data, [0, 0, 1])).toBeCloseTo(1 / Math.sqrt(1 + 16 * 4), 2);
  });

  it('counts changes that go one way as much as those that go both ways', async () => {
    const cells = normal(COUNT, [1, 1, 1], 1);
    const changes = cells.map((_, at) => (at % 3 === 2 ? 2 : 0));
    const { data } = await steadied(identity, cells, changes);
    expect(lengthOf(data, [0, 0, 1])).toBeCloseTo(1 / Math.sqrt(1 + 16 * 4), 2);
  });

  it('leaves distances as they are where nothing changes, with directions of large variance first', async () => {
    const cells = normal(COUNT, [1, 3, 2], 2);
    const { data } = await steadied(identity, cells, new Float32Array(cells.length));
    const [first, second, third] = rowsOf(data) as [number[], number[], number[]];
    expect(Math.abs(first[1] as number)).toBeCloseTo(1, 2);
    expect(Math.abs(second[2] as number)).toBeCloseTo(1, 2);
    expect(Math.abs(third[0] as number)).toBeCloseTo(1, 2);
    expect(lengthOf(data, [0.6, 0, 0.8])).toBeCloseTo(1, 5);
  });
});
