import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../testing/data-folder.ts';
import {
  boxPolygon,
  checkedSegmentation,
  decodeCounts,
  type Segmentation,
  segmentationMask,
} from './coco-mask.ts';

interface Golden {
  readonly name: string;
  /** Height, width. */
  readonly size: [number, number];
  readonly compressed: string;
  readonly counts: number[];
}

const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('./goldens/coco-runs.json', import.meta.url), 'utf8'),
);

const drawn = (width: number, height: number, ...segmentations: Segmentation[]) =>
  rowsOf(segmentationMask(segmentations, width, height));

describe('polygons', () => {
  it('fill a rectangle between pixel borders exactly', () => {
    expect(drawn(5, 4, [[1, 1, 4, 1, 4, 3, 1, 3]])).toEqual([
      [0, 0, 0, 0, 0],
      [0, 1, 1, 1, 0],
      [0, 1, 1, 1, 0],
      [0, 0, 0, 0, 0],
    ]);
  });

  it('include a pixel if its centre is inside', () => {
    // x from 0.6 to 2.4: the middles 1.5 is inside, 0.5 and 2.5 are not.
    expect(drawn(4, 1, [[0.6, 0, 2.4, 0, 2.4, 1, 0.6, 1]])).toEqual([[0, 1, 0, 0]]);
    expect(drawn(4, 1, [[0.4, 0, 2.6, 0, 2.6, 1, 0.4, 1]])).toEqual([[1, 1, 1, 0]]);
  });

  it('fill a triangle row by row', () => {
    // Below y = 0, left of x = 4, under the diagonal from (0, 0) to (4, 4).
    expect(drawn(4, 4, [[0, 0, 4, 4, 0, 4]])).toEqual([
      // The middle of the diagonal's pixels lies on the edge, which is not inside.
      [0, 0, 0, 0],
      [1, 0, 0, 0],
      [1, 1, 0, 0],
      [1, 1, 1, 0],
    ]);
  });

  it('leave the notch of a concave one empty', () => {
    expect(drawn(5, 3, [[0, 0, 2, 0, 2, 2, 3, 2, 3, 0, 5, 0, 5, 3, 0, 3]])).toEqual([
      [1, 1, 0, 1, 1],
      [1, 1, 0, 1, 1],
      [1, 1, 1, 1, 1],
    ]);
  });

  it('are joined, and cut off at the border of the image', () => {
    const left = [-3, -3, 1, -3, 1, 1, -3, 1];
    const right = [2, 1, 9, 1, 9, 9, 2, 9];
    expect(drawn(3, 2, [left, right])).toEqual([
      [1, 0, 0],
      [0, 0, 1],
    ]);
    expect(drawn(3, 2, [left], [right])).toEqual(drawn(3, 2, [left, right]));
  });
});

describe('runs', () => {
  it('go down the columns, starting outside', () => {
    // Columns of 2: [0 1] [1 0] [0 1].
    expect(drawn(3, 2, { counts: [1, 2, 2, 1], size: [2, 3] })).toEqual([
      [0, 1, 0],
      [1, 0, 1],
    ]);
  });

  it('may start with an empty run, and join polygons', () => {
    const runs = { counts: [0, 1, 3], size: [2, 2] as const };
    expect(drawn(2, 2, runs)).toEqual([
      [1, 0],
      [0, 0],
    ]);
    expect(drawn(2, 2, runs, [[1, 1, 2, 1, 2, 2, 1, 2]])).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it.each([
    [[2, 3], [6], 'the size [3, 2] for x but received [2, 3]'],
    [[3, 2], [1, 2], '6 pixels in all for x but received 3'],
    [[3, 2], [1, 6], '6 pixels in all for x but received 7'],
  ] as const)('of the size %s with %s do not fit 2 x 3', (size, counts, message) => {
    expect(() => checkedSegmentation({ size, counts }, 2, 3, 'x')).toThrow(
      expect.objectContaining({
        code: 'DATASET_INVALID',
        message: expect.stringContaining(message),
      }),
    );
  });
});

describe('compressed runs', () => {
  it.each(goldens)('pycocotools, $name', ({ size, compressed, counts }) => {
    expect(decodeCounts(compressed)).toEqual(counts);
    const [height, width] = size;
    const runs = checkedSegmentation({ counts: compressed, size }, width, height, 'x');
    expect(runs).toEqual({ counts, size });
    expect(segmentationMask([{ counts: compressed, size }], width, height)).toEqual(
      segmentationMask([runs], width, height),
    );
  });

  it.each([
    ['a digit too high', 'p'],
    ['a digit too low', '/'],
    ['a letter beyond the alphabet', '0é'],
    ['an end within a number', 'PPYo'],
    ['a number without end', 'oooooooooo0'],
    ['a run below nothing', 'O'],
  ])('are refused with %s', (_, counts) => {
    expect(decodeCounts(counts)).toBeUndefined();
    expect(() => checkedSegmentation({ counts, size: [3, 4] }, 4, 3, 'x')).toThrow(
      expect.objectContaining({
        code: 'DATASET_INVALID',
        message: `Expected compressed runs as pycocotools writes them for x but received ${JSON.stringify(counts)}`,
      }),
    );
  });

  it('never give a negative run, or hang, whatever the string', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const counts = decodeCounts(text);
        expect(counts?.every((count) => Number.isInteger(count) && count >= 0) ?? true).toBe(true);
      }),
    );
  });
});

describe('boxes', () => {
  it('are filled', () => {
    expect(drawn(4, 3, boxPolygon([1, 0, 2, 2]))).toEqual([
      [0, 1, 1, 0],
      [0, 1, 1, 0],
      [0, 0, 0, 0],
    ]);
  });
});
