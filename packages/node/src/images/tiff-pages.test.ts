import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { openTestFolder } from '../datasets/folders.ts';
import { listImages } from '../index.ts';
import { readImage } from './images.ts';
import { imagesInFile, pageOf, pagesOf } from './tiff-pages.ts';

interface Golden {
  readonly name: string;
  readonly file: string;
}

const goldens: readonly Golden[] = JSON.parse(
  readFileSync(new URL('goldens/images.json', import.meta.url), 'utf8'),
);
const twoPages = Buffer.from(
  goldens.find(({ name }) => name.startsWith('two pages'))?.file ?? '',
  'base64',
);

let data: DataFolder;
beforeAll(async () => {
  data = await DataFolder.make();
});
afterAll(() => data.remove());

/** A TIFF of directories alone, each with its subfile type; the last leads on to `next`. */
function directories(types: readonly number[], next = 0, big = false): Buffer {
  const [head, size] = big ? [16, 8 + 20 + 8] : [8, 2 + 12 + 4];
  const bytes = Buffer.alloc(head + size * types.length);
  bytes.write('MM', 'latin1');
  bytes.writeUInt16BE(big ? 43 : 42, 2);
  const writeOffset = (value: number, at: number) =>
    big ? bytes.writeBigUInt64BE(BigInt(value), at) : bytes.writeUInt32BE(value, at);
  if (big) bytes.writeUInt16BE(8, 4);
  writeOffset(head, big ? 8 : 4);
  types.forEach((type, index) => {
    const at = head + size * index;
    if (big) bytes.writeBigUInt64BE(1n, at);
    else bytes.writeUInt16BE(1, at);
    const entry = at + (big ? 8 : 2);
    bytes.writeUInt16BE(254, entry);
    bytes.writeUInt16BE(4, entry + 2);
    if (big) bytes.writeBigUInt64BE(1n, entry + 4);
    else bytes.writeUInt32BE(1, entry + 4);
    bytes.writeUInt32BE(type, entry + (big ? 12 : 8));
    writeOffset(index + 1 < types.length ? at + size : next, entry + (big ? 20 : 12));
  });
  return bytes;
}

async function pages(bytes: Uint8Array): Promise<string[]> {
  await data.write('x.tif', bytes);
  const file = data.at('x.tif');
  return (await imagesInFile(file)).map((path) => path.slice(file.length));
}

describe('imagesInFile', () => {
  it('names every page, the first like the file', async () => {
    expect(await pages(twoPages)).toEqual(['', '#2']);
    expect(await pages(await sharp(twoPages).tiff().toBuffer())).toEqual(['']);
    expect(await pages(directories([0, 0, 0]))).toEqual(['', '#2', '#3']);
    expect(await pages(directories([0, 0, 0], 0, true))).toEqual(['', '#2', '#3']);
  });

  it.each([false, true])('leaves out smaller copies and masks (BigTIFF: %s)', async (big) => {
    expect(await pages(directories([0, 1, 2, 4, 5, 2], 0, big))).toEqual(['', '#3', '#6']);
  });

  it('ends where directories go round in a circle, or lead nowhere', async () => {
    expect(await pages(directories([0, 0], 8))).toEqual(['', '#2']);
  });

  it('names the page that a file cut short lacks: reading it says so', async () => {
    expect(await pages(directories([0, 0], 1_000_000))).toEqual(['', '#2', '#3']);
    const cut = twoPages.subarray(0, twoPages.length - 40);
    expect(await pages(cut)).toEqual(['', '#2']);
    const reading = readImage(`${data.at('x.tif')}#2`);
    await expect(reading).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });

  it('finds the same in memory', async () => {
    expect(await pagesOf(twoPages)).toEqual([0, 1]);
    expect(await pagesOf(directories([0, 1, 0], 0, true))).toEqual([0, 2]);
    for (const bytes of [Buffer.from('text'), new Uint8Array()]) {
      expect(await pagesOf(bytes)).toEqual([0]);
    }
  });

  it('gives the file alone where it is no TIFF, or is not there', async () => {
    expect(await pages(Buffer.from('text'))).toEqual(['']);
    expect(await pages(await sharp(twoPages).png().toBuffer())).toEqual(['']);
    expect(await imagesInFile(data.at('none.tif'))).toEqual([data.at('none.tif')]);
  });

  it('gives at least the file for any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (tail) => {
        const bytes = directories([0, 0, 0]);
        bytes.set(tail.subarray(0, bytes.length - 4), 4);
        expect((await pages(bytes))[0]).toBe('');
      }),
      { numRuns: 50 },
    );
  });
});

it('a path names a file and a page of it', () => {
  expect(pageOf('a/x.tif')).toEqual({ file: 'a/x.tif', page: 0 });
  expect(pageOf('a/x.TIFF#12')).toEqual({ file: 'a/x.TIFF', page: 11 });
  expect(pageOf('a/x.png#2')).toEqual({ file: 'a/x.png#2', page: 0 });
  expect(pageOf('a/x.tif#0')).toEqual({ file: 'a/x.tif#0', page: 0 });
});

describe('in a data set', () => {
  it('each page is an image, with a mask of its own page', async () => {
    const grey = (value: number, width: number, height: number) =>
      sharp({
        create: { width, height, channels: 3, background: { r: value, g: value, b: value } },
      });
    await data.write('p/test/good/0.tif', await grey(9, 8, 6).tiff().toBuffer());
    await data.write('p/test/bad/1.tif', twoPages);
    await data.write('p/ground_truth/bad/1_mask.tif', twoPages);
    const entries = await openTestFolder(data.at('p'));
    expect(entries.map(({ path }) => path.slice(data.at('p', 'test').length + 1))).toEqual([
      'good/0.tif',
      'bad/1.tif',
      'bad/1.tif#2',
    ]);
    const sizes = entries.slice(1).map(async (entry) => {
      const [image, mask] = [await entry.read(), await entry.readMask?.()];
      return [image.height, mask?.height];
    });
    expect(await Promise.all(sizes)).toEqual([
      [6, 6],
      [4, 4],
    ]);
  });

  it('a file that is given is all its pages; a page that is given is itself', async () => {
    await data.write('scan.tif', twoPages);
    const file = data.at('scan.tif');
    expect(await listImages(file)).toEqual([file, `${file}#2`]);
    expect(await listImages(`${file}#2`)).toEqual([`${file}#2`]);
    expect((await readImage(`${file}#2`)).height).toBe(4);
    await expect(readImage(`${file}#3`)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
    await expect(listImages(data.at('none.tif#2'))).rejects.toMatchObject({
      code: 'PATH_MISSING',
    });
  });
});
