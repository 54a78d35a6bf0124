import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkEvent } from '@bigrid/inspect';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeSyntheticLine } from './synthetic/line.ts';
import { train } from './train.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-train-'));
  const counts = { goodCount: 12, testGoodCount: 0, defectCount: 0 };
  await writeSyntheticLine(join(folder, 'part'), { ...counts, size: 64 });
});
afterAll(() => rm(folder, { recursive: true }));

it('skips images that vanish while it reads, and says so', async () => {
  const good = join(folder, 'part', 'train', 'good');
  const skipped: string[] = [];
  const onEvent = (event: WorkEvent) => {
    if (event.type === 'skipped') skipped.push(`${event.error.code} ${event.path}`);
    else if (event.type === 'progress' && event.phase === 'reading' && event.done === 0)
      for (const name of ['005.png', '011.png']) rmSync(join(good, name));
  };
  const out = join(folder, 'model.onnx');
  const small = { size: 64, epochs: 1, globalResolution: 2, threads: 1 };
  const { manifest } = await train(join(folder, 'part'), { ...small, out, onEvent });
  expect(skipped).toEqual(['005.png', '011.png'].map((name) => `PATH_MISSING ${join(good, name)}`));
  expect(manifest.training).toMatchObject({ images: 8, heldOut: 2, skipped: 2 });
  expect((await readdir(folder)).sort()).toEqual(['model.onnx', 'model.replay', 'part']);
});

it('refuses a time between checkpoints that is none', async () => {
  const request = { out: join(folder, 'b.onnx'), checkpointSeconds: Number.NaN };
  await expect(train(join(folder, 'part'), request)).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
});
