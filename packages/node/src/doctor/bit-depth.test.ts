import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { bitsUsed } from './bit-depth.ts';
import { checkData } from './data.ts';

let data: DataFolder;
beforeAll(async () => {
  data = await DataFolder.make();
});
afterAll(() => data.remove());

/** Noise of all values of so many bits, in 16; the highest is there. */
async function write(path: string, bits: number, channels: 1 | 3 | 4 = 1, seed = 1) {
  const values = Uint16Array.from({ length: 32 * 32 * channels }, (_, i) =>
    channels === 4 && i % 4 === 3
      ? 65535
      : i === 0
        ? 2 ** bits - 1
        : Math.floor((0.5 + 0.5 * Math.sin(seed + i * i)) * (2 ** bits - 1)),
  );
  const space = channels === 1 ? 'grey16' : 'rgb16';
  const image = sharp(values, { raw: { width: 32, height: 32, channels } }).toColourspace(space);
  const isTiff = path.endsWith('.tif');
  await data.write(
    path,
    await (isTiff ? image.tiff({ compression: 'lzw' }) : image.png()).toBuffer(),
  );
}

it.each([
  ['10 bits in PNG', 'ten.png', 10, 1, 10],
  ['12 bits in PNG', 'twelve.png', 12, 1, 12],
  ['12 bits in TIFF', 'twelve.tif', 12, 3, 12],
  ['12 bits with an opaque alpha channel', 'alpha.png', 12, 4, 12],
  ['14 bits, although dark', 'fourteen.png', 14, 1, undefined],
  ['16 bits', 'sixteen.tif', 16, 1, undefined],
] as const)('counts the bits that values use: %s', async (_, file, bits, channels, told) => {
  await write(file, bits, channels);
  expect(await bitsUsed(data.at(file))).toBe(told);
});

it('ignores 8-bit images and other kinds of files, however dark', async () => {
  await data.png('dark.png', [[1, 2]]);
  expect(await bitsUsed(data.at('dark.png'))).toBeUndefined();
  const image = sharp({ create: { width: 9, height: 9, channels: 3, background: '#010101' } });
  await data.write('dark.jpg', await image.jpeg().toBuffer());
  expect(await bitsUsed(data.at('dark.jpg'))).toBeUndefined();
});

it('reports 12 bits in 16-bit files, and not the exposure', async () => {
  for (let seed = 0; seed < 4; seed++) await write(`camera/good/${seed}.png`, 12, 1, seed);
  const { findings } = await checkData(data.at('camera'), { threads: 1 });
  expect(findings.filter(({ check }) => check === 'exposure')).toEqual([]);
  expect(findings.find(({ check }) => check === 'bit depth')).toMatchObject({
    level: 'fix',
    message:
      'camera: 4 of 4 images use at most 12 bits of a 16-bit file, so only 4 of the 8 bits read carry information',
    remedy: 'Save the values in the upper bits (multiply by 16), or save 8-bit images.',
    paths: [0, 1, 2, 3].map((seed) => [data.at('camera', 'good', `${seed}.png`)]),
  });
});
