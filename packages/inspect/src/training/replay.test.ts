import { describe, expect, it } from 'vitest';
import { tinyBackbone } from '../../../method/testing/tiny.ts';
import {
  engine,
  engines,
  entry,
  image,
  memoryReplay,
  memoryScratches,
  otherLight,
  tinyTraining,
} from '../../testing/fakes.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { scoreImages } from '../calibration/scoring.ts';
import type { ImageEntry } from '../ports.ts';
import { train } from '../train.ts';
import { update } from '../update.ts';

async function scoresOf(bundle: Bundle, entries: readonly ImageEntry[]): Promise<number[]> {
  return (await scoreImages({ engine, model: bundle, entries })).map(({ score }) => score);
}

describe('kept images', () => {
  it.each([undefined, 96])('score as they did, whatever their size; tiles of %s', async (tile) => {
    const wide = Array.from({ length: 12 }, (_, i) =>
      entry(`${i}`, () => image(i, { width: 150 })),
    );
    const kept = memoryReplay(12);
    const classes = [{ name: 'part', entries: wide }];
    const bundle = await train(tinyTraining({ classes, tile, replay: kept }));
    const { learnt, heldOut } = kept.entries();
    expect([learnt.length, heldOut.length]).toEqual([9, 3]);
    const { width, height } = (await learnt[0]?.read()) ?? {};
    expect([width, height]).toEqual(tile ? [112, 64] : [64, 64]);
    const sorted = (scores: number[]) => scores.sort((a, b) => a - b);
    const scores = sorted(await scoresOf(bundle, [...learnt, ...heldOut]));
    expect(scores).toEqual(sorted(await scoresOf(bundle, wide)));
    const { calibration } = bundle.manifest;
    expect(calibration.scores).toEqual(expect.arrayContaining(await scoresOf(bundle, heldOut)));
    const updated = await update({
      ...engines,
      backbone: tinyBackbone,
      bundle,
      good: otherLight(4, 500),
      replay: kept.entries(),
      openScratch: memoryScratches().open,
      now: () => new Date('2025-02-03T04:05:06Z'),
    });
    expect(updated.bundle.manifest.updates).toMatchObject([{ images: 3, heldOut: 1 }]);
  });
});
