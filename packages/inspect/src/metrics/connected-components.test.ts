import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelComponents } from './connected-components.ts';

interface Golden {
  name: string;
  width: number;
  height: number;
  mask: number[];
  labels: number[];
  count: number;
  sizes: number[];
}

const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('./goldens/connected-components.json', import.meta.url), 'utf8'),
);

/** The slow way: from each pixel not yet reached, everything that can be reached. */
function floodFill(mask: Uint8Array, width: number, height: number): number[] {
  const labels = new Array<number>(mask.length).fill(0);
  let count = 0;
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    count++;
    const queue = [start];
    while (queue.length > 0) {
      const index = queue.pop() as number;
      if (labels[index] !== 0) continue;
      labels[index] = count;
      const x = index % width;
      const y = Math.floor(index / width);
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          if (mask[row * width + column] !== 0) queue.push(row * width + column);
        }
      }
    }
  }
  return labels;
}

const masks = fc
  .tuple(
    fc.integer({ min: 1, max: 16 }),
    fc.integer({ min: 1, max: 16 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .chain(([width, height, density]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      mask: fc
        .array(fc.double({ min: 0, max: 1, noNaN: true }), {
          minLength: width * height,
          maxLength: width * height,
        })
        .map((values) => Uint8Array.from(values, (value) => (value < density ? 1 : 0))),
    }),
  );

describe('labelComponents', () => {
  it.each(goldens)(
    'scipy.ndimage.label, $name',
    ({ width, height, mask, labels, count, sizes }) => {
      const components = labelComponents(Uint8Array.from(mask), width, height);
      expect([...components.labels]).toEqual(labels);
      expect(components.count).toBe(count);
      expect([...components.sizes]).toEqual(sizes);
    },
  );

  it('agrees with a flood fill from each first pixel', () => {
    fc.assert(
      fc.property(masks, ({ width, height, mask }) => {
        const { labels, count, sizes } = labelComponents(mask, width, height);
        const expected = floodFill(mask, width, height);
        expect([...labels]).toEqual(expected);
        expect(count).toBe(Math.max(0, ...expected));
        const expectedSizes = Array.from(
          { length: count },
          (_, index) => expected.filter((label) => label === index + 1).length,
        );
        expect([...sizes]).toEqual(expectedSizes);
      }),
      { numRuns: 300 },
    );
  });

  it('takes any byte but 0 as inside', () => {
    expect(labelComponents(Uint8Array.of(255, 0, 7), 3, 1).count).toBe(2);
  });

  it('takes a long winding region without running out of stack', () => {
    const width = 1001;
    const height = 1001;
    const mask = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      if (y % 2 === 0) mask.fill(1, y * width, (y + 1) * width);
      else mask[y * width + (y % 4 === 1 ? width - 1 : 0)] = 1;
    }
    const { count, sizes } = labelComponents(mask, width, height);
    expect(count).toBe(1);
    expect(sizes[0]).toBe(501 * width + 500);
  });

  it('refuses a mask that does not fit', () => {
    expect(() => labelComponents(new Uint8Array(5), 2, 3)).toThrow(
      expect.objectContaining({
        code: 'GRAPH_SHAPE_MISMATCH',
        message: 'Expected 6 bytes for a mask of 2 x 3 but received 5',
      }),
    );
  });
});
