import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageEntry, readImage, readMask, readSize } from './images.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-images-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A PNG of two pixels. */
function steps(): Sharp {
  return sharp(Uint8Array.of(0, 50, 100, 150, 200, 250), {
    raw: { width: 2, height: 1, channels: 3 },
  }).png();
}

describe('readSize', () => {
  it.each([
    ['upright.png', () => steps()],
    ['turned.jpg', () => steps().withMetadata({ orientation: 6 }).jpeg()],
    ['pages.gif', () => sharp(Buffer.alloc(24), { raw: pages }).gif()],
  ])('is the size of the image that is read: %s', async (name, make) => {
    const path = join(folder, name);
    await make().toFile(path);
    const { width, height } = await readImage(path);
    expect(await readSize(path)).toMatchObject({ width, height });
  });

  const pages = { width: 2, height: 4, channels: 3, pageHeight: 2 } as const;
});

describe('readImage', () => {
  it('reads a file, also through an entry', async () => {
    const path = join(folder, 'fine.png');
    await steps().toFile(path);
    expect([...(await readImage(path)).data]).toEqual([0, 50, 100, 150, 200, 250]);
    const entry = imageEntry(path);
    expect(entry.path).toBe(path);
    expect((await entry.read()).width).toBe(2);
  });

  it('says that a file is missing', async () => {
    const path = join(folder, 'none.png');
    await expect(readImage(path)).rejects.toMatchObject({
      code: 'PATH_MISSING',
      message: expect.stringContaining(path),
    });
  });

  it('says that a part of the path is a file', async () => {
    const file = join(folder, 'plain.txt');
    await writeFile(file, 'text');
    await expect(readImage(join(file, 'x.png'))).rejects.toMatchObject({ code: 'PATH_MISSING' });
  });

  it('names an empty file', async () => {
    const path = join(folder, 'empty.png');
    await writeFile(path, '');
    await expect(readImage(path)).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: expect.stringMatching(/empty\.png but received an empty file$/),
    });
  });

  it('refuses a folder that is named like an image', async () => {
    const path = join(folder, 'folder.png');
    await mkdir(path);
    await expect(readImage(path)).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: `Expected an image at ${path} but received a folder`,
    });
  });

  // The superuser may read every file, so that no file can be made unreadable for it.
  it.skipIf(process.getuid?.() === 0)('says that a file may not be read', async () => {
    const path = join(folder, 'secret.png');
    await steps().toFile(path);
    await chmod(path, 0);
    await expect(readImage(path)).rejects.toMatchObject({ code: 'PATH_UNREADABLE' });
  });
});

describe('readMask', () => {
  async function maskFile(name: string, values: readonly number[], format: 'png' | 'jpeg') {
    const path = join(folder, name);
    await sharp(Uint8Array.from(values), { raw: { width: 4, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .toFormat(format)
      .toFile(path);
    return path;
  }

  it('reads one byte a pixel', async () => {
    const values = [0, 255, 127, 128, 0, 0, 255, 255];
    const mask = await readMask(await maskFile('m.png', values, 'png'));
    expect(mask.width).toBe(4);
    expect(mask.height).toBe(2);
    expect([...mask.data]).toEqual(values);
  });

  it('reads colour, palettes, transparency and 16 bits as grey', async () => {
    const white = join(folder, 'white.png');
    for (const options of [{}, { palette: true, colours: 2 }]) {
      await sharp({ create: { width: 2, height: 2, channels: 4, background: '#ffffff' } })
        .png(options)
        .toFile(white);
      expect([...(await readMask(white)).data]).toEqual([255, 255, 255, 255]);
    }
    const deep = join(folder, 'deep.png');
    await sharp(Uint16Array.of(0, 65535), { raw: { width: 2, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toFile(deep);
    expect([...(await readMask(deep)).data]).toEqual([0, 255]);
  });

  it('takes the labels 0 and 1 for black and white', async () => {
    const mask = await readMask(await maskFile('l.png', [0, 1, 1, 0, 0, 0, 0, 1], 'png'));
    expect([...mask.data]).toEqual([0, 255, 255, 0, 0, 0, 0, 255]);
  });

  it('keeps an empty mask empty', async () => {
    const mask = await readMask(await maskFile('e.png', [0, 0, 0, 0, 0, 0, 0, 0], 'png'));
    expect(mask.data.every((value) => value === 0)).toBe(true);
  });

  it('takes near-black noise of a JPEG for black', async () => {
    const mask = await readMask(await maskFile('n.jpg', [1, 1, 1, 1, 1, 1, 1, 1], 'jpeg'));
    expect(mask.data.every((value) => value <= 2)).toBe(true);
  });
});
