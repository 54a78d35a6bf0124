import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Random } from '@bigrid/method';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestFolder, openTrainingFolder } from '../datasets/folders.ts';
import { readImage } from '../images/images.ts';
import { defectKinds } from './defects.ts';
import { writeSyntheticLine } from './line.ts';
import { smoothNoise } from './noise.ts';
import { drawPart, somePart } from './part.ts';

const kinds = Object.keys(defectKinds);
const small = { goodCount: 3, testGoodCount: 2, defectCount: 2, size: 160 };
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bigrid-synthetic-'));
  await writeSyntheticLine(join(root, 'line'), small);
});
afterAll(() => rm(root, { recursive: true }));

async function digests(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found[relative(folder, path)] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return found;
}

describe('writeSyntheticLine', () => {
  it('writes a folder in a supported layout', async () => {
    const { classes } = await openTrainingFolder(join(root, 'line'));
    expect(classes.map(({ name, entries }) => [name, entries.length])).toEqual([['line', 3]]);
    const test = await openTestFolder(join(root, 'line'));
    expect(test.filter((entry) => entry.defect === 'good').length).toBe(2);
    expect(kinds.length).toBeGreaterThanOrEqual(5);
    for (const kind of kinds) {
      const entries = test.filter((entry) => entry.defect === kind);
      expect(entries.length, kind).toBe(2);
      for (const entry of entries) {
        const [image, mask] = [await entry.read(), await entry.readMask?.()];
        expect([image.width, image.height]).toEqual([160, 160]);
        expect([mask?.width, mask?.height]).toEqual([160, 160]);
        expect(
          mask?.data.some((value) => value > 127),
          entry.path,
        ).toBe(true);
      }
    }
  });

  it('depends only on the seed, and larger counts only add images', async () => {
    const first = await digests(join(root, 'line'));
    await writeSyntheticLine(join(root, 'more'), { ...small, goodCount: 4, testGoodCount: 3 });
    const more = await digests(join(root, 'more'));
    expect(more).toMatchObject(first);
    expect(new Set(Object.values(more)).size).toBe(Object.keys(more).length);
    await writeSyntheticLine(join(root, 'other'), { ...small, seed: 2 });
    const other = await digests(join(root, 'other'));
    expect(Object.keys(other)).toEqual(Object.keys(first));
    const png = join('train', 'good', '000.png');
    expect(other[png]).not.toBe(first[png]);
  });

  it('varies good parts a little', async () => {
    const [a, b] = await Promise.all(
      [0, 1].map((i) => readImage(join(root, 'line', 'train', 'good', `00${i}.png`))),
    );
    let sum = 0;
    for (const [i, value] of (a?.data ?? []).entries()) sum += Math.abs(value - (b?.data[i] ?? 0));
    const mean = sum / (160 * 160 * 3);
    expect(mean).toBeGreaterThan(1);
    expect(mean).toBeLessThan(25);
  });

  it('refuses a place that cannot be written', async () => {
    await writeFile(join(root, 'plain'), '');
    await expect(writeSyntheticLine(join(root, 'plain', 'line'), small)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
  });
});

describe('drawPart', () => {
  const size = 320;
  const part = somePart(size, new Random(7));
  const good = drawPart(part);

  it('gives a good part an empty mask', () => {
    expect(good.mask.every((value) => value === 0)).toBe(true);
  });

  it.each(kinds)('marks a %s exactly where it changes the image', (kind) => {
    let area = 0;
    for (const severity of [0, 0.5, 1]) {
      const defect = defectKinds[kind]?.(severity, new Random(0).fork(kind)) ?? {};
      const bad = drawPart(part, defect);
      const marked = bad.mask.reduce((sum, value) => sum + value / 255, 0);
      // From a few pixels to a few per cent of the image, increasing with severity.
      expect(marked).toBeGreaterThan(10);
      expect(marked).toBeLessThan(0.05 * size * size);
      expect(marked).toBeGreaterThanOrEqual(area);
      area = marked;

      let changedInside = 0;
      let changedFarOutside = 0;
      for (let i = 0; i < size * size; i++) {
        let difference = 0;
        for (let channel = 0; channel < 3; channel++) {
          const at = i * 3 + channel;
          difference = Math.max(difference, Math.abs((bad.image[at] ?? 0) - (good.image[at] ?? 0)));
        }
        if ((bad.mask[i] ?? 0) > 0) changedInside += difference > 4 ? 1 : 0;
        else if (difference > 40) changedFarOutside++;
      }
      expect(changedInside / marked).toBeGreaterThan(0.6);
      // Only a particle casts a shadow, which is not part of the defect.
      if (kind !== 'particle') expect(changedFarOutside / marked).toBeLessThan(0.25);
    }
  });
});

describe('the noise of the drawings', () => {
  it('is bounded, continuous and closes around a circle', () => {
    const random = new Random(1);
    for (let draw = 0; draw < 4000; draw++) {
      const value = random.uniform();
      const noise = smoothNoise(value * 50, value * 20, 3);
      expect(Math.abs(noise)).toBeLessThanOrEqual(1);
      expect(Math.abs(noise - smoothNoise(value * 50 + 1e-4, value * 20, 3))).toBeLessThan(1e-3);
    }
    expect(smoothNoise(0, 0.3, 5, 6)).toBeCloseTo(smoothNoise(6, 0.3, 5, 6), 6);
  });
});
