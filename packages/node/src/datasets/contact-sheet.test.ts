import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Image, ImageEntry } from '@bigrid/inspect';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageEntry } from '../images/images.ts';
import { drawContactSheet } from './contact-sheet.ts';
import type { Dataset } from './dataset.ts';

/** 64 x 32 pixels of one grey. */
function grey(path: string): ImageEntry {
  const image: Image = { width: 64, height: 32, data: new Uint8Array(64 * 32 * 3).fill(128) };
  return { path, read: async () => image };
}

function masked(path: string) {
  // A square of 16 x 16 in the upper left corner at (16, 8): 32 x 32 at (32, 16) in a thumbnail of twice the size.
  const data = new Uint8Array(64 * 32);
  for (let y = 8; y < 24; y++) data.fill(255, y * 64 + 16, y * 64 + 32);
  const mask = { width: 64, height: 32, data };
  return { ...grey(path), className: 'part', defect: 'cut', readMask: async () => mask };
}

const dataset = (entries: Partial<Dataset['classes'][number]>): Dataset => ({
  layout: 'MVTec AD',
  classes: [{ name: 'part', training: [], test: [], ...entries }],
  ignored: [],
});

async function colours(bytes: Buffer) {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)];
  return { ...info, at };
}

/** Upper left corner of the first thumbnail's square; an image twice as wide as high begins 32 lower. */
const [left, top] = [6, 28];

describe('drawContactSheet', () => {
  it('draws one row per group, with the defects outlined', async () => {
    const { bytes, leftOut } = await drawContactSheet(
      dataset({ training: [grey('1')], test: [masked('2')] }),
    );
    expect(leftOut).toBe(0);
    const { width, height, at } = await colours(bytes);
    expect([width, height]).toEqual([1078, 6 + 2 * 156]);
    expect((await sharp(bytes).metadata()).format).toBe('jpeg');
    const isGrey = (colour: number[]) => colour.every((value) => Math.abs(value - 128) < 6);
    expect(isGrey(at(left + 64, top + 64))).toBe(true);
    // Next to the middle of the defect's left border, and well inside it. JPEG blurs a line of one pixel.
    const [red = 0, green = 0] = at(left + 31, top + 156 + 32 + 32);
    expect(green - red).toBeGreaterThan(20);
    expect(isGrey(at(left + 48, top + 156 + 32 + 32))).toBe(true);
    expect(isGrey(at(left + 96, top + 156 + 32 + 32))).toBe(true);
  });

  it('hatches ignored areas', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bigrid-sheet-'));
    const mask = join(folder, 'mask.png');
    // White on the left half.
    const black = { create: { width: 4, height: 8, channels: 3, background: 'black' } } as const;
    await sharp(black).extend({ left: 4, background: 'white' }).png().toFile(mask);
    const { bytes } = await drawContactSheet(dataset({ training: [grey('1')] }), { mask });
    await rm(folder, { recursive: true });
    const { at } = await colours(bytes);
    const row = (from: number) =>
      Array.from({ length: 56 }, (_, x) => at(left + from + x, top + 64)[0] as number);
    expect(Math.max(...row(68)) - Math.min(...row(68))).toBeLessThan(8);
    expect(Math.max(...row(0)) - Math.min(...row(0))).toBeGreaterThan(30);
  });

  it('spreads thumbnails over many images, including the first and last', async () => {
    const read: string[] = [];
    const training = Array.from({ length: 50 }, (_, index) => {
      const entry = grey(String(index));
      return {
        ...entry,
        read() {
          read.push(entry.path);
          return entry.read();
        },
      };
    });
    const steps: [number, number][] = [];
    await drawContactSheet(dataset({ training }), {
      onImage: (done, total) => steps.push([done, total]),
    });
    expect(read).toEqual(['0', '7', '14', '21', '28', '35', '42', '49']);
    expect(steps.at(-1)).toEqual([8, 8]);
  });

  it('draws a red square for an image that cannot be read', async () => {
    const missing = imageEntry('/nowhere/at/all.png');
    const { at } = await colours((await drawContactSheet(dataset({ training: [missing] }))).bytes);
    const [red = 0, green = 0] = at(left + 64, top + 64);
    expect(red - green).toBeGreaterThan(50);
  });

  it('has a limited height, and accepts any names', async () => {
    const test = Array.from({ length: 130 }, (_, index) => ({
      ...masked(String(index)),
      defect: `<a & "b" ${'x'.repeat(200)} ${index}`,
    }));
    const { bytes, leftOut } = await drawContactSheet(dataset({ test }));
    expect(leftOut).toBe(10);
    expect((await sharp(bytes).metadata()).height).toBe(6 + 120 * 156);
  });

  it('can be cancelled', async () => {
    const signal = AbortSignal.abort();
    await expect(
      drawContactSheet(dataset({ training: [grey('1')] }), { signal }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
