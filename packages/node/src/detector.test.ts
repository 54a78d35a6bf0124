import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, Verdict } from '@bigrid/inspect';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDetector } from './detector.ts';
import { imageFromBytes } from './images/image-input.ts';
import { readImage } from './images/images.ts';
import { inspect } from './inspect.ts';
import { writeSyntheticLine } from './synthetic/line.ts';
import { train } from './train.ts';

let folder: string;
let bundle: Bundle;
let good: string[];
const out = () => join(folder, 'part.onnx');
const small = { size: 64, epochs: 1, globalResolution: 2, threads: 1, seed: 3 };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-detector-'));
  const counts = { goodCount: 10, testGoodCount: 0, defectCount: 0 };
  await writeSyntheticLine(join(folder, 'part'), { ...counts, size: 64 });
  good = Array.from({ length: 10 }, (_, i) =>
    join(folder, 'part/train/good', `${String(i).padStart(3, '0')}.png`),
  );
  bundle = await train(join(folder, 'part'), { ...small, out: out() });
});
afterAll(() => rm(folder, { recursive: true }));

describe('openDetector', () => {
  it('gives the same verdict for a path, bytes and a frame, by a file, its bytes or a bundle', async () => {
    const [path] = good as [string];
    const bytes = await readFile(path);
    const { width, height, data } = await readImage(path);
    const inputs = [path, bytes, imageFromBytes(bytes), { width, height, data, format: 'rgb' }];
    const scores = new Set<number>();
    for (const model of [out(), await readFile(out()), bundle]) {
      await using detector = await openDetector(model, { threads: 2 });
      const verdicts = await Promise.all(inputs.map((input) => detector.inspect(input as string)));
      for (const { score } of verdicts) scores.add(score);
    }
    for await (const verdict of inspect(out(), [path])) scores.add((verdict as Verdict).score);
    expect(scores.size).toBe(1);
  });

  it('holds to the rules that it was opened with, for all that ask at once', async () => {
    await using detector = await openDetector(bundle, { threads: 2, threshold: '0' });
    expect(detector.threshold).toBe(0);
    const verdicts = await Promise.all([...good, ...good].map((path) => detector.inspect(path)));
    expect(verdicts.map(({ path }) => path)).toEqual([...good, ...good]);
    expect(verdicts.every(({ isAnomalous }) => isAnomalous)).toBe(true);
  });

  it('rejects after its disposal, which waits for inspections under way', async () => {
    const detector = await openDetector(bundle, { threads: 2 });
    const verdicts = Promise.all(good.map((path) => detector.inspect(path)));
    await detector.dispose();
    expect(await verdicts).toHaveLength(10);
    await expect(detector.inspect(good[0] as string)).rejects.toThrow(
      expect.objectContaining({ code: 'DETECTOR_DISPOSED' }),
    );
  });
});

describe('train', () => {
  it('learns images in memory as it learns those of a folder', async () => {
    const images = await Promise.all(
      good.map(async (path, index) => {
        if (index % 3 === 0) return path;
        const bytes = await readFile(path);
        if (index % 3 === 1) return imageFromBytes(bytes);
        const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
        return { data, width: info.width, height: info.height, format: 'rgb' } as const;
      }),
    );
    const learnt = await train({ part: images }, small);
    expect(learnt.manifest.classes).toEqual(['part']);
    expect(learnt.manifest.training.dataHash).toBe(bundle.manifest.training.dataHash);
    expect(learnt.manifest.calibration.scores).toEqual(bundle.manifest.calibration.scores);
  });

  it('refuses to resume on a list', async () => {
    await expect(train(good, { ...small, out: out(), resume: true })).rejects.toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});
