import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import type { LabelledEntry } from '@bigrid/inspect';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { naturalOrder } from '../images/listing.ts';
import {
  listImages,
  openCalibrationFolder,
  openTestFolder,
  openTrainingFolder,
} from './folders.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bigrid-folders-'));
});
afterEach(() => rm(root, { recursive: true }));

async function files(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), '');
  }
}

const within = (paths: readonly string[]) =>
  paths.map((path) => relative(root, path).replaceAll('\\', '/'));

async function training(dir: string) {
  const { classes } = await openTrainingFolder(join(root, dir));
  return classes.map(({ name, entries }) => [name, within(entries.map((entry) => entry.path))]);
}

const labels = (entries: readonly LabelledEntry[]) =>
  entries.map((entry) => [
    within([entry.path])[0],
    entry.className,
    entry.defect,
    entry.readMask !== undefined,
  ]);

describe('listImages', () => {
  it('lists a single file', async () => {
    await files('odd.name');
    expect(await listImages(join(root, 'odd.name'))).toEqual([join(root, 'odd.name')]);
  });

  it('finds images at any depth, in natural order, without hidden files or masks', async () => {
    await files('10.png', '2.png', 'sub/1.JPG', 'sub/b.tiff', 'a.webp', 'note.txt', 'Thumbs.db');
    await files('.hidden.png', '.git/x.png', '__MACOSX/y.png', 'ground_truth/bad/1_mask.png');
    expect(within(await listImages(root))).toEqual([
      '2.png',
      '10.png',
      'a.webp',
      'sub/1.JPG',
      'sub/b.tiff',
    ]);
  });

  it('follows links to folders, but not in circles', async () => {
    await files('data/1.png');
    await symlink(root, join(root, 'data', 'up'));
    await symlink(join(root, 'nowhere.png'), join(root, 'data', 'broken.png'));
    const found = within(await listImages(join(root, 'data')));
    expect(found).toContain('data/1.png');
    expect(found).toContain('data/broken.png');
    expect(found.length).toBeLessThan(8);
  });

  it.skipIf(process.platform === 'win32')('leaves out pipes, which may never end', async () => {
    await files('1.png');
    execFileSync('mkfifo', [join(root, '2.png')]);
    expect(within(await listImages(root))).toEqual(['1.png']);
  });

  it('treats a folder named like an image as a folder', async () => {
    await files('x.png/1.png');
    expect(within(await listImages(root))).toEqual(['x.png/1.png']);
  });

  it('reports what it found instead', async () => {
    await files('note.txt');
    await expect(listImages(root)).rejects.toMatchObject({
      code: 'DATA_EMPTY',
      message: `Expected images in ${root} but received 1 file that is not an image`,
    });
    await expect(listImages(join(root, 'none'))).rejects.toMatchObject({ code: 'PATH_MISSING' });
  });
});

describe('openTrainingFolder', () => {
  it('prefers train/good, then good, then images directly in the folder', async () => {
    await files('bottle/preview.png');
    expect(await training('bottle')).toEqual([['bottle', ['bottle/preview.png']]]);
    await files('bottle/good/2.png', 'bottle/good/10.png');
    expect(await training('bottle')).toEqual([
      ['bottle', ['bottle/good/2.png', 'bottle/good/10.png']],
    ]);
    await files('bottle/train/good/1.png', 'bottle/test/good/7.png', 'bottle/test/bad/8.png');
    expect(await training('bottle')).toEqual([['bottle', ['bottle/train/good/1.png']]]);
  });

  it('finds every class in a folder of classes', async () => {
    await files('cable/train/good/1.png', 'bottle/train/good/1.png', 'bottle/test/good/2.png');
    await files('tile/good/3.png', 'readme.txt', 'papers/x.pdf', 'overview.png');
    expect(await training('.')).toEqual([
      ['bottle', ['bottle/train/good/1.png']],
      ['cable', ['cable/train/good/1.png']],
      ['tile', ['tile/good/3.png']],
    ]);
  });

  it.each(['bottle', 'bottle/train', 'bottle/train/good'])('names the class of %s', async (dir) => {
    await files('bottle/train/good/1.png');
    expect(await training(dir)).toEqual([['bottle', ['bottle/train/good/1.png']]]);
  });

  it('never includes masks', async () => {
    await files('ground_truth/bad/1_mask.png', 'masks/good/1.png', 'test/bad/1.png');
    for (const dir of ['.', 'ground_truth', 'ground_truth/bad', 'masks']) {
      await expect(openTrainingFolder(join(root, dir)), dir).rejects.toMatchObject({
        code: 'DATA_NO_GOOD',
      });
    }
    await files('flat/a.png', 'flat/a_mask.png', 'flat/face_mask.png');
    expect(await training('flat')).toEqual([['flat', ['flat/a.png', 'flat/face_mask.png']]]);
  });

  it('does not treat test images as a class', async () => {
    await files('test/good/1.png');
    await expect(openTrainingFolder(root)).rejects.toMatchObject({ code: 'DATA_NO_GOOD' });
  });

  it('reports what it expected and what it found', async () => {
    await files('broken/1.png', 'notes.txt');
    await expect(openTrainingFolder(root)).rejects.toMatchObject({
      code: 'DATA_NO_GOOD',
      message: `Expected good images in ${join(root, 'train', 'good')}, ${join(root, 'good')}, or directly in ${root} but received the folder broken and 1 file that is not an image`,
    });
  });

  it('distinguishes an empty folder, a missing one and a file', async () => {
    await expect(openTrainingFolder(root)).rejects.toMatchObject({
      code: 'DATA_EMPTY',
      message: `Expected images in ${root} but received an empty folder`,
    });
    await expect(openTrainingFolder(join(root, 'none'))).rejects.toMatchObject({
      code: 'PATH_MISSING',
    });
    await files('file.png');
    await expect(openTrainingFolder(join(root, 'file.png'))).rejects.toMatchObject({
      code: 'PATH_MISSING',
      message: `Expected a folder at ${join(root, 'file.png')} but received a file`,
    });
  });
});

describe('openTestFolder', () => {
  it('reads the layout of MVTec AD', async () => {
    await files('bottle/test/crack/2.png', 'bottle/test/crack/10.png', 'bottle/test/good/1.png');
    await files('bottle/test/bent/1.jpg', 'bottle/test/zero/1.png', 'bottle/train/good/9.png');
    await files('bottle/ground_truth/crack/10_mask.png', 'bottle/ground_truth/bent/1.png');
    const expected = [
      ['bottle/test/good/1.png', 'bottle', 'good', false],
      ['bottle/test/bent/1.jpg', 'bottle', 'bent', true],
      ['bottle/test/crack/2.png', 'bottle', 'crack', false],
      ['bottle/test/crack/10.png', 'bottle', 'crack', true],
      ['bottle/test/zero/1.png', 'bottle', 'zero', false],
    ];
    for (const dir of ['bottle', 'bottle/test', '.']) {
      expect(labels(await openTestFolder(join(root, dir))), dir).toEqual(expected);
    }
  });

  it('reads the mask that belongs to the image', async () => {
    await files('test/crack/7.png');
    await mkdir(join(root, 'ground_truth', 'crack'), { recursive: true });
    await sharp({ create: { width: 3, height: 2, channels: 3, background: '#ffffff' } })
      .png()
      .toFile(join(root, 'ground_truth', 'crack', '7_mask.png'));
    const [entry] = await openTestFolder(root);
    expect(entry?.className).toBe(basename(root));
    const mask = await entry?.readMask?.();
    expect(mask).toMatchObject({ width: 3, height: 2 });
    expect([...(mask?.data ?? [])]).toEqual([255, 255, 255, 255, 255, 255]);
    await expect(entry?.read()).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });

  it('reads several classes', async () => {
    await files('b/test/good/1.png', 'a/test/cut/1.png', 'a/train/good/3.png', 'c/good/1.png');
    await files('c/bad/2.png');
    expect(labels(await openTestFolder(root))).toEqual([
      ['a/test/cut/1.png', 'a', 'cut', false],
      ['b/test/good/1.png', 'b', 'good', false],
      ['c/good/1.png', 'c', 'good', false],
      ['c/bad/2.png', 'c', 'bad', false],
    ]);
  });

  it('reads good and bad directly in the folder', async () => {
    await files('good/1.png', 'bad/1.png', 'masks/bad/1.png', 'train/good/5.png', 'other/x.txt');
    expect(labels(await openTestFolder(root)).map(([path, , ...rest]) => [path, ...rest])).toEqual([
      ['good/1.png', 'good', false],
      ['bad/1.png', 'bad', true],
    ]);
  });

  it('ignores the case of folder names', async () => {
    await files('Test/Good/1.png', 'Test/Crack/2.png', 'Ground_Truth/crack/2_mask.png');
    expect(labels(await openTestFolder(root)).map((label) => label.slice(2))).toEqual([
      ['good', false],
      ['Crack', true],
    ]);
  });

  it('reports that there are no test images', async () => {
    await expect(openTestFolder(root)).rejects.toMatchObject({ code: 'DATA_EMPTY' });
    await files('train/good/1.png', 'test/good/readme.txt');
    await expect(openTestFolder(root)).rejects.toMatchObject({
      code: 'DATA_NO_TEST',
      message: expect.stringMatching(
        /but received the folder good \(1 file that is not an image\)$/,
      ),
    });
  });
});

describe('naturalOrder', () => {
  it('sorts numbers by value', () => {
    const names = ['b', 'a10', 'a9', 'a010', 'a', 'A1', '99999999999999999999', '100', '20'];
    expect(names.sort(naturalOrder)).toEqual([
      '20',
      '100',
      '99999999999999999999',
      'A1',
      'a',
      'a9',
      'a010',
      'a10',
      'b',
    ]);
  });

  it('is a total order: the result does not depend on the input order', () => {
    const name = fc.string({
      unit: fc.constantFrom('0', '1', '9', 'a', '.', 'é', '-'),
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 12 }), (names) => {
        const sorted = [...names].sort(naturalOrder);
        expect([...names].reverse().sort(naturalOrder)).toEqual(sorted);
        for (const one of names)
          for (const other of names) {
            expect(Math.sign(naturalOrder(one, other))).toBe(
              -Math.sign(naturalOrder(other, one)) + 0,
            );
          }
      }),
    );
  });
});

describe('openCalibrationFolder', () => {
  const calibration = async (dir: string) => {
    const { good, defects } = await openCalibrationFolder(join(root, dir));
    return [good, defects].map((entries) => within(entries.map(({ path }) => path)));
  };

  it('finds good test images, and defects separately', async () => {
    await files('part/train/good/0.png', 'part/test/good/1.png', 'part/test/crack/2.png');
    expect(await calibration('part')).toEqual([
      ['part/test/good/1.png'],
      ['part/test/crack/2.png'],
    ]);
    await files('flat/good/1.png', 'classes/bolt/good/1.png', 'classes/nut/test/good/1.png');
    expect(await calibration('flat')).toEqual([['flat/good/1.png'], []]);
    expect(await calibration('classes')).toEqual([
      ['classes/bolt/good/1.png', 'classes/nut/test/good/1.png'],
      [],
    ]);
  });

  it('treats images directly in the folder as good, without masks next to them', async () => {
    await files('today/1.png', 'today/10.png', 'today/2.png', 'today/2_mask.png');
    expect(await calibration('today')).toEqual([
      ['today/1.png', 'today/2.png', 'today/10.png'],
      [],
    ]);
  });

  it('never includes training images, and reports what it expected', async () => {
    await files('seen/train/good/0.png', 'bad/test/crack/0.png');
    for (const dir of ['seen', 'bad']) {
      await expect(calibration(dir)).rejects.toThrow(
        expect.objectContaining({
          code: 'DATA_NO_GOOD',
          message: expect.stringContaining('images that training never saw'),
        }),
      );
    }
    await expect(calibration('nowhere')).rejects.toThrow(
      expect.objectContaining({ code: 'PATH_MISSING' }),
    );
  });
});
