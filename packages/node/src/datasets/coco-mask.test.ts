import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../testing/data-folder.ts';
import { assertRuns, type Segmentation, segmentationMask } from './coco-mask.ts';

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

  it('take a pixel when its middle is inside', () => {
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

  it('are joined, and cut off at the border of the picture', () => {
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
  it('go down the columns, beginning with what is outside', () => {
    // Columns of 2: [0 1] [1 0] [0 1].
    expect(drawn(3, 2, { counts: [1, 2, 2, 1], size: [2, 3] })).toEqual([
      [0, 1, 0],
      [1, 0, 1],
    ]);
  });

  it('may begin with nothing outside, and join polygons', () => {
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
    expect(() => assertRuns({ size, counts }, 2, 3, 'x')).toThrow(
      expect.objectContaining({
        code: 'DATASET_INVALID',
        message: expect.stringContaining(message),
      }),
    );
  });
});
