import { float32, Graph, tensor } from '@bigrid/graph';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distance, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import {
  featureBlockPaste,
  featureBlockSwap,
  pasteMask,
  rearrange,
  swapMask,
  walkMask,
} from './feature-block-paste.ts';
import { Random } from './random.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const reaches = fc.integer({ min: 1, max: 12 });

/** Records what is drawn, so that a test can count the steps of a walk. */
class WatchedRandom extends Random {
  readonly draws: { low: number; high: number; value: number }[] = [];
  override integer(low: number, high: number): number {
    const value = super.integer(low, high);
    this.draws.push({ low, high, value });
    return value;
  }
}

/** Cells above zero that can be reached from the first such cell, over edges and corners. */
function connected(mask: ArrayLike<number>, side: number): boolean {
  const marked = new Set(
    Array.from(mask, (value, i) => (value > 0 ? i : -1)).filter((i) => i >= 0),
  );
  const open = [...marked].slice(0, 1);
  for (const index of open) {
    marked.delete(index);
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const [x, y] = [(index % side) + dx, Math.floor(index / side) + dy];
        const next = y * side + x;
        if (x >= 0 && x < side && marked.delete(next)) open.push(next);
      }
    }
  }
  return marked.size === 0;
}

describe('walkMask', () => {
  it('is a connected block of (2B + 1)^2 numbers in [0, 1], with its centre marked', () => {
    fc.assert(
      fc.property(seeds, reaches, (seed, reach) => {
        const mask = walkMask(new Random(seed), reach);
        const side = 2 * reach + 1;
        expect(mask.length).toBe(side * side);
        expect(Math.min(...mask)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...mask)).toBeLessThanOrEqual(1);
        expect(mask[reach * side + reach]).toBeGreaterThan(0);
        expect(connected(mask, side)).toBe(true);
      }),
    );
  });

  it('walks N in [B, 2B] steps of {-1, 0, 1}^2', () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const random = new WatchedRandom(seed);
      walkMask(random, 5);
      const [length, ...steps] = random.draws as [{ value: number }, ...typeof random.draws];
      lengths.add(length.value);
      expect(steps).toHaveLength(2 * length.value);
      for (const { low, high } of steps) expect([low, high]).toEqual([-1, 1]);
    }
    expect([...lengths].sort((a, b) => a - b)).toEqual([5, 6, 7, 8, 9, 10]);
  });

  it('gives each cell the ninth part of what was visited around it', () => {
    fc.assert(
      fc.property(seeds, reaches, (seed, reach) => {
        const side = 2 * reach + 1;
        const random = new WatchedRandom(seed);
        const mask = walkMask(random, reach);
        const held = (at: number) => Math.min(side - 1, Math.max(0, at));
        let [x, y] = [reach, reach];
        const visited = new Set([y * side + x]);
        const steps = random.draws.slice(1).map(({ value }) => value);
        for (let i = 0; i < steps.length; i += 2) {
          [x, y] = [held(x + (steps[i] as number)), held(y + (steps[i + 1] as number))];
          visited.add(y * side + x);
        }
        const expected = mask.map((_, cell) => {
          const near = [...visited].filter(
            (at) =>
              Math.abs((at % side) - (cell % side)) <= 1 &&
              Math.abs(Math.floor(at / side) - Math.floor(cell / side)) <= 1,
          );
          return near.length / 9;
        });
        expect(distance(mask, expected)).toBeLessThan(1e-6);
      }),
      { numRuns: 30 },
    );
  });
});

describe('pasteMask', () => {
  const reach = 10;

  it('is the same for the same seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(pasteMask(new Random(seed), 16, reach)).toEqual(
          pasteMask(new Random(seed), 16, reach),
        );
      }),
    );
    expect(pasteMask(new Random(1), 16, reach)).not.toEqual(pasteMask(new Random(2), 16, reach));
  });

  it('marks at least one cell, with numbers in [0, 1], within reach of a centre', () => {
    fc.assert(
      fc.property(seeds, reaches, fc.integer({ min: 8, max: 40 }), (seed, reach, cells) => {
        const mask = pasteMask(new Random(seed), cells, reach);
        expect(mask.length).toBe(cells * cells);
        const marked = [...mask.keys()].filter((cell) => (mask[cell] as number) !== 0);
        expect(marked.length).toBeGreaterThan(0);
        expect(Math.min(...mask)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...mask)).toBeLessThanOrEqual(1);
        const span = (of: (cell: number) => number) => {
          const places = marked.map(of);
          return Math.max(...places) - Math.min(...places);
        };
        expect(span((cell) => cell % cells)).toBeLessThanOrEqual(2 * reach);
        expect(span((cell) => Math.floor(cell / cells))).toBeLessThanOrEqual(2 * reach);
      }),
    );
  });

  it('cuts a block off at the edges: none comes in again on the other side', () => {
    const edges = { left: 0, right: 0 };
    for (let seed = 0; seed < 300; seed++) {
      const cells = 32;
      const mask = pasteMask(new Random(seed), cells, 4);
      const columns = [...mask.keys()].filter((i) => (mask[i] as number) > 0).map((i) => i % cells);
      if (columns.includes(0)) edges.left++;
      if (columns.includes(cells - 1)) edges.right++;
      expect(columns.includes(0) && columns.includes(cells - 1)).toBe(false);
    }
    expect(edges.left).toBeGreaterThan(10);
    expect(edges.right).toBeGreaterThan(10);
  });

  it('reaches every cell in the long run, the middle and the edges about equally', () => {
    const cells = 8;
    const total = new Float64Array(cells * cells);
    for (let seed = 0; seed < 2000; seed++) {
      pasteMask(new Random(seed), cells, 1).forEach((value, i) => {
        if (value > 0) total[i] = (total[i] as number) + 1;
      });
    }
    expect(Math.min(...total)).toBeGreaterThan(50);
    expect(Math.max(...total)).toBeLessThan(500);
  });
});

describe('featureBlockPaste', () => {
  it.each([
    [[2, 3, 1, 1], (i: number) => Math.floor(i / 16)],
    [[2, 3, 4, 4], (i: number) => i],
  ] as const)('adds mask times intensity of shape %j', async (shape, index) => {
    const [features, mask, intensity] = [
      normals([2, 3, 4, 4], 1),
      normals([2, 1, 4, 4], 2),
      normals(shape, 3),
    ];
    const graph = new Graph('paste');
    const input = (name: string, dimensions: readonly number[]) =>
      graph.input(name, 'float32', dimensions);
    graph.output(
      'pasted',
      featureBlockPaste(
        input('features', [2, 3, 4, 4]),
        input('mask', [2, 1, 4, 4]),
        input('intensity', shape),
      ),
    );
    const outputs = await runGraph(graph, {
      features: float32([2, 3, 4, 4], features),
      mask: float32([2, 1, 4, 4], mask),
      intensity: float32(shape, intensity),
    });
    const expected = features.map(
      (value, i) =>
        value +
        (mask[Math.floor(i / 48) * 16 + (i % 16)] as number) * (intensity[index(i)] as number),
    );
    expect(distance(numbersOf(outputs, 'pasted'), expected)).toBeLessThan(1e-6);
  });
});

describe('swapMask', () => {
  const reach = 10;

  it('is one connected block of zeros and ones, at most 70 % of the image', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 16, max: 40 }), (seed, cells) => {
        const mask = swapMask(new Random(seed), cells, reach);
        expect(mask.length).toBe(cells * cells);
        expect(new Set([0, 1, ...mask]).size).toBe(2);
        expect(connected(mask, cells)).toBe(true);
        expect(mask.reduce((sum, value) => sum + value, 0) / cells ** 2).toBeLessThan(0.71);
      }),
    );
  });

  it('is a walk without its rim half of the time, and an ellipse the other half', () => {
    const cells = 32;
    const covered = { walk: [] as number[], ellipse: [] as number[] };
    for (let seed = 0; seed < 1000; seed++) {
      const random = new Random(seed);
      const isEllipse = random.uniform() < 0.5;
      const blurred = pasteMask(random, cells, reach);
      const mask = swapMask(new Random(seed), cells, reach);
      const share = mask.reduce((sum, value) => sum + value, 0) / cells ** 2;
      covered[isEllipse ? 'ellipse' : 'walk'].push(share);
      if (isEllipse) {
        expect(isConvex(mask, cells)).toBe(true);
      } else {
        expect([...mask]).toEqual(Array.from(blurred, (value) => (value >= 2 / 9 - 1e-6 ? 1 : 0)));
      }
    }
    expect(covered.walk.length / 1000).toBeCloseTo(0.5, 1);
    expect(Math.max(...covered.walk)).toBeLessThan(0.1);
    const larger = covered.ellipse.filter((share) => share > 0.2);
    expect(larger.length / covered.ellipse.length).toBeGreaterThan(0.3);
  });
});

/** Whether all cells between two of the mask's in a row or a column are its own. */
function isConvex(mask: Float32Array, cells: number): boolean {
  return Array.from({ length: cells }, (_, line) => line).every((line) => {
    const row = [...mask.subarray(line * cells, (line + 1) * cells)];
    const column = Array.from({ length: cells }, (_, y) => mask[y * cells + line]);
    return [row, column].every(
      (own) => !own.slice(own.indexOf(1), own.lastIndexOf(1) + 1).includes(0),
    );
  });
}

describe('featureBlockSwap', () => {
  it('puts features of other images and places, times a factor, where the mask is 1', async () => {
    const shape = [2, 3, 2, 2];
    const [given, mask, factor] = [normals(shape, 1), [0, 1, 1, 0, 0, 0, 1, 0], [2, 0.5]];
    const [images, rows, columns] = [
      [1, 0],
      [1, 1],
      [1, 0],
    ];
    const graph = new Graph('swap');
    const features = graph.constant(float32(shape, given));
    const int64 = (values: number[]) =>
      graph.constant(tensor('int64', [values.length], BigInt64Array.from(values, BigInt)));
    const donors = rearrange(features, int64(images), int64(rows), int64(columns));
    graph.output(
      'swapped',
      featureBlockSwap(
        features,
        donors,
        graph.constant(float32([2, 1, 2, 2], mask)),
        graph.constant(float32([2, 1, 1, 1], factor)),
      ),
    );
    const expected = given.map((value, i) => {
      const [b, c, cell] = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4];
      if (mask[b * 4 + cell] === 0) return value;
      const [y, x] = [rows[Math.floor(cell / 2)], columns[cell % 2]] as [number, number];
      const from = (images[b] as number) * 12 + c * 4 + y * 2 + x;
      return (factor[b] as number) * (given[from] as number);
    });
    expect(distance(numbersOf(await runGraph(graph), 'swapped'), expected)).toBeLessThan(1e-6);
  });
});
