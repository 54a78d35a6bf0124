import { Random } from '@bigrid/method';
import { expect, it } from 'vitest';
import { metricOf } from './metric.ts';

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
