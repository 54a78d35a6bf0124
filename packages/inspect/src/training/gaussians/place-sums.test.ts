import { float32, type Tensor } from '@bigrid/graph';
import { GAUSSIANS, Random, unpackTriangles } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { PlaceSums, stacked } from './place-sums.ts';

const [PLACES, WIDTH] = [2, 3];
const random = new Random(2);

/** Cells of two places, whose elements depend on each other, and differently in each place. */
function cells(count: number): number[][][] {
  return Array.from({ length: PLACES }, (_, place) =>
    Array.from({ length: count }, () => {
      const [a, b, c] = [random.normal(), random.normal(), random.normal()];
      return [a + place, a + b - 1, 0.5 * c - 0.3 * place * b];
    }),
  );
}

function sumsOf(places: number[][][]) {
  const sumOf = (f: (cell: number[]) => number) =>
    places.map((own) => own.reduce((sum, cell) => sum + f(cell), 0));
  const elements = [0, 1, 2];
  const perPlace = (columns: number[][]) =>
    places.flatMap((_, place) => columns.map((column) => column[place] as number));
  return {
    counts: float32(
      [PLACES],
      sumOf(() => 1),
    ),
    sums: float32(
      [PLACES, WIDTH],
      perPlace(elements.map((i) => sumOf((cell) => cell[i] as number))),
    ),
    products: float32(
      [PLACES, WIDTH, WIDTH],
      perPlace(
        elements.flatMap((i) =>
          elements.map((j) => sumOf((cell) => (cell[i] as number) * (cell[j] as number))),
        ),
      ),
    ),
  };
}

function fittedTo(...batches: number[][][][]) {
  const sums = new PlaceSums(PLACES, WIDTH);
  for (const batch of batches) sums.add(sumsOf(batch));
  return sums.fitted();
}

/** Mean of the squared whitened elements of cells, which is 1 for those that a Gaussian was fitted to. */
function whitenedSquares(
  { means, directions }: ReturnType<PlaceSums['fitted']>,
  batch: number[][][],
) {
  const unpacked = unpackTriangles(directions, PLACES, WIDTH);
  return batch.map((own, place) =>
    [0, 1, 2].map((row) => {
      const weights = unpacked.subarray((place * WIDTH + row) * WIDTH);
      const squares = own.map((cell) => {
        const centred = cell.map((value, i) => value - (means[place * WIDTH + i] as number));
        return centred.reduce((sum, value, i) => sum + value * (weights[i] as number), 0) ** 2;
      });
      return squares.reduce((sum, square) => sum + square, 0) / squares.length;
    }),
  );
}

describe('PlaceSums', () => {
  it('fits a Gaussian each, under which the cells have variance 1, less what is added to theirs', () => {
    const many = cells(5000);
    for (const variance of whitenedSquares(fittedTo(many), many).flat()) {
      expect(variance).toBeLessThan(1.001);
      // What is added is a hundredth of the average variance, about 1; the smallest is about a quarter.
      expect(variance).toBeGreaterThan(0.9);
    }
  });

  it('draws the covariance of few cells towards the average one', () => {
    const fitted = fittedTo([cells(1)[0] as number[][], cells(400)[1] as number[][]]);
    const fresh = cells(1000);
    const [first] = whitenedSquares(fitted, fresh) as [number[]];
    // A covariance of one cell alone would be the floor, and its variances in the hundreds.
    for (const variance of first) expect(variance).toBeLessThan(50);
  });

  it('goes on from the Gaussians of a model as if it still had their cells', () => {
    const [old, fresh] = [cells(300), cells(200)];
    const model = stacked([fittedTo(old)], PLACES, WIDTH);
    const sums = new PlaceSums(PLACES, WIDTH);
    sums.addFitted(model, 0);
    sums.add(sumsOf(fresh));
    const [resumed, whole] = [sums.fitted(), fittedTo(old, fresh)];
    expect([...resumed.counts]).toEqual([500, 500]);
    resumed.means.forEach((mean, at) => {
      expect(mean).toBeCloseTo(whole.means[at] as number, 4);
    });
    resumed.lengths.forEach((length, at) => {
      expect(Math.abs(length / (whole.lengths[at] as number) - 1)).toBeLessThan(0.1);
    });
  });

  it('is not upset by cells that are all equal', () => {
    const equal = Array.from({ length: PLACES }, () => Array.from({ length: 9 }, () => [1, 2, 3]));
    for (const values of Object.values(fittedTo(equal)))
      expect([...values].every(Number.isFinite)).toBe(true);
  });
});

describe('stacked', () => {
  it('has a row per kind', () => {
    const rows = [fittedTo(cells(10)), fittedTo(cells(20))];
    const { shape, data } = stacked(rows, PLACES, WIDTH).get(GAUSSIANS.counts) as Tensor<'float32'>;
    expect([shape, [...data]]).toEqual([
      [2, PLACES],
      [10, 10, 20, 20],
    ]);
  });
});
