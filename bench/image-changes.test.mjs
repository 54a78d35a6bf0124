import { expect, test } from 'vitest';
import { imageChanges } from './image-changes.mjs';

/** Columns of increasing red, rows of increasing green. */
const [width, height] = [20, 10];
const image = {
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return [10 * x, 20 * y, 250][i % 3];
  }),
};
const at = ({ data }, x, y) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
const changed = (name) => imageChanges[name](image);

test.each(Object.keys(imageChanges))('%s keeps the size', async (name) => {
  const { data, ...size } = await changed(name);
  expect([size, data.length]).toEqual([{ width, height }, image.data.length]);
});

test('light changes each channel, up to white', async () => {
  expect(at(await changed('brightness x 0.8'), 10, 5)).toEqual([80, 80, 200]);
  expect(at(await changed('brightness x 1.2'), 10, 5)).toEqual([120, 120, 255]);
  expect(at(await changed('warm lamp (red x 1.1, blue x 0.9)'), 10, 5)).toEqual([110, 100, 225]);
  expect(at(await changed('cold lamp (red x 0.9, blue x 1.1)'), 10, 5)).toEqual([90, 100, 255]);
});

test('gamma keeps black and white and moves what is between', async () => {
  expect(at(await changed('gamma 0.85'), 0, 5)).toEqual([0, 115, 251]);
  expect(at(await changed('gamma 1.15'), 0, 5)).toEqual([0, 87, 249]);
});

test('a shift moves right and down and replicates the edge', async () => {
  const moved = await changed('shift by 2 pixels');
  expect(at(moved, 12, 7)).toEqual(at(image, 10, 5));
  expect(at(moved, 0, 0)).toEqual(at(image, 0, 0));
  expect(at(moved, 1, 7)).toEqual(at(image, 0, 5));
});

test('a smaller part stays in the centre, within replicated edges', async () => {
  const small = await changed('90 % of the size');
  for (const c of [0, 1]) {
    expect(Math.abs(at(small, 10, 5)[c] - at(image, 10, 5)[c])).toBeLessThanOrEqual(12);
  }
  expect(at(small, 0, 5)).toEqual(at(small, 1, 5));
});
