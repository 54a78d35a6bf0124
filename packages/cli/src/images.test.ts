import { join } from 'node:path';
import { imageEntry } from '@bigrid/node';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { useTemporaryFolder, write, writeImages } from '../testing/command-line.ts';
import { findImages, ResultFiles } from './images.ts';

const at = useTemporaryFolder();

beforeAll(async () => {
  await writeImages(at('a', 'deep'), 2);
  await writeImages(at('a', 'marked'), 1);
});

test('paths are relative to the given folder, with its name if there are several; a file has its bare name', async () => {
  const names = async (...given: string[]) =>
    (await findImages(given, undefined)).map(({ relativePath }) => relativePath);
  expect(await names(at('a', 'deep'))).toEqual(['0.png', '1.png']);
  expect(await names(at('a'), at('a', 'marked'), at('a', 'deep', '0.png'))).toEqual([
    join('a', 'deep', '0.png'),
    join('a', 'deep', '1.png'),
    join('a', 'marked', '0.png'),
    join('marked', '0.png'),
    '0.png',
  ]);
});

test('pages of a TIFF have the name of their file and their own results', async () => {
  const page = sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } });
  const frames = await Promise.all([page, page].map((one) => one.png().toBuffer()));
  const tiff = await sharp(frames, { join: { animated: true } })
    .tiff()
    .toBuffer();
  await write(at('t', 'scan.tif'), tiff);
  for (const given of [at('t'), at('t', 'scan.tif')]) {
    const images = await findImages([given], undefined);
    expect(images.map(({ relativePath }) => relativePath)).toEqual(['scan.tif', 'scan.tif#2']);
    const results = await ResultFiles.in(at('marked'), images);
    const files: string[] = [];
    for (const image of images) files.push(await results.fileFor(image));
    expect(files).toEqual([at('marked', 'scan.png'), at('marked', 'scan-2.png')]);
  }
});

test('results of an earlier run are skipped unless asked for', async () => {
  const names = async (given: string, out: string) =>
    (await findImages([at(given)], at(out))).map(({ relativePath }) => relativePath);
  expect(await names('a', 'a/marked')).toEqual([join('deep', '0.png'), join('deep', '1.png')]);
  expect(await names('a/marked', 'a')).toEqual(['0.png']);
  await writeImages(at('b', 'marked'), 1);
  await expect(findImages([at('b')], at('b', 'marked'))).rejects.toMatchObject({
    code: 'DATA_EMPTY',
  });
});

test('names stay apart on case-insensitive file systems, and from the images', async () => {
  await write(at('out', 'x-3.png'), 'an image to inspect');
  const places = ['x.png', 'X.jpg', 'x.webp', 'y.tar.png'].map((name) => [at('in', name), name]);
  const images = [...places, [at('out', 'x-3.png'), 'z.png']].map(
    ([path = '', relativePath = '']) => ({ ...imageEntry(path), relativePath }),
  );
  const results = await ResultFiles.in(at('out'), images);
  const files: string[] = [];
  for (const image of images) files.push(await results.fileFor(image));
  expect(files).toEqual(
    ['x.png', 'X-2.png', 'x-4.png', 'y.tar.png', 'z.png'].map((name) => at('out', name)),
  );
});
