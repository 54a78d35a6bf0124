import { readFileSync } from 'node:fs';
import { float16ToFloat32, float32ToFloat16, tensor } from '@bigrid/graph';
import { Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { engine } from '../../testing/fakes.ts';
import { componentsEach, variationOf } from './variation.ts';

interface Golden {
  name: string;
  rows: number[][];
  components: number[][];
  even: number[][];
  odd: number[][];
}
const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('./goldens/variation.json', import.meta.url), 'utf8'),
);

const half = (row: readonly number[]) => float32ToFloat16(Float32Array.from(row));
const variation = (rows: readonly Uint16Array[], count: number) => {
  const left = tensor(
    'float16',
    [rows.length, rows[0]?.length ?? 0],
    Uint16Array.from(rows.flatMap((row) => [...row])),
  );
  return variationOf(engine, left, count);
};
const rowsOf = ({ data, shape }: { data: Float32Array; shape: readonly number[] }) =>
  Array.from({ length: shape[0] as number }, (_, row) => [
    ...data.subarray(row * (shape[1] as number), (row + 1) * (shape[1] as number)),
  ]);
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);

/** A direction has no sign. */
function expectSame(found: readonly number[][], wanted: readonly number[][]) {
  expect(found.length).toBe(wanted.length);
  wanted.forEach((row, at) => {
    expect(Math.abs(dot(row, found[at] as number[]))).toBeCloseTo(1, 4);
    expect(dot(found[at] as number[], found[at] as number[])).toBeCloseTo(1, 4);
  });
}

describe('variationOf', () => {
  it.each(goldens)(
    "finds scikit-learn's components of all and of halves: $name",
    async (golden) => {
      const { rows, components, even, odd } = golden;
      const { ofAll, without } = await variation(rows.map(half), components.length);
      expectSame(rowsOf(ofAll), components);
      // Even images are measured with the components of odd ones.
      expectSame(rowsOf(without(0)), odd);
      expectSame(rowsOf(without(3)), even);
    },
  );

  it('needs four images per component and at least sixteen, and pads with zeros', async () => {
    const random = new Random(5);
    const left = Array.from({ length: 18 }, () =>
      float32ToFloat16(random.array(20, () => random.normal())),
    );
    const rows = rowsOf((await variation(left, 6)).ofAll);
    expect(rows.map((row) => Math.round(dot(row, row)))).toEqual([1, 1, 1, 1, 0, 0]);
    const few = await variation(left.slice(0, 15), 4);
    expect(rowsOf(few.ofAll)).toEqual(Array.from({ length: 4 }, () => Array(20).fill(0)));
    expect(few.without(2)).toEqual(few.ofAll);
  });

  it('finds one component if all images are identical, and none if there is no error', async () => {
    const same = half([3, 0, 4]);
    const { ofAll, without } = await variation(Array(40).fill(same), 3);
    for (const own of [ofAll, without(0)]) {
      const rows = rowsOf(own);
      expect(Math.abs(dot(rows[0] as number[], [...float16ToFloat32(same)]))).toBeCloseTo(5, 3);
      expect(
        rows
          .slice(1)
          .flat()
          .every((value) => value === 0),
      ).toBe(true);
    }
    const nothing = await variation(Array(40).fill(half([0, 0, 0])), 3);
    expect(
      rowsOf(nothing.ofAll)
        .flat()
        .every((value) => value === 0),
    ).toBe(true);
  });
});

describe('componentsEach', () => {
  it.each([
    [200, 1, 16],
    [20, 1, 5],
    [16, 1, 4],
    [15, 1, 0],
    [200, 4, 16],
    [200, 10, 6],
    [20, 64, 1],
    [20, 65, 0],
    [20, 1, 9, 9],
    [200, 1, 16, 9],
    [20, 10, 6, 16],
  ])('of %i images and %i kinds: %i', (images, kinds, count, known = 0) => {
    expect(componentsEach(images, kinds, known)).toBe(count);
  });
});
