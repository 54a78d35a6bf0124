import { profiles } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import {
  entry,
  image,
  labelled,
  memoryScratches,
  tinyTraining,
  unreadable,
} from '../../testing/fakes.ts';
import { openBundle } from '../bundle/bundle.ts';
import { scoreImages } from '../calibration/scoring.ts';
import { type AnomalyMap, Detector } from '../detection/detector.ts';
import { evaluate, type SeenImage } from '../evaluate.ts';
import type { Image, ImageEntry } from '../ports.ts';
import { recalibrate } from '../recalibrate.ts';
import { train } from '../train.ts';
import { withTiles } from './tiling.ts';

const blank = (width: number, height: number): Image => ({
  width,
  height,
  data: new Uint8Array(width * height * 3),
});
const sized = (...sizes: readonly (readonly [number, number])[]) =>
  sizes.map(([width, height], i) => entry(`${i}`, () => blank(width, height)));

describe('withTiles', () => {
  const { method } = profiles.fast;

  it('takes as many tiles as an image of the median size needs', async () => {
    const entries = sized([2048, 1000], [2000, 1024], [9000, 9000]);
    expect((await withTiles(method, 512, entries)).tiles).toEqual({ rows: 3, columns: 5 });
    expect((await withTiles(method, 'auto', entries)).tiles).toEqual({ rows: 3, columns: 5 });
    const large = { ...method, inputSize: 512, cells: 64 };
    expect((await withTiles(large, 'auto', entries)).tiles).toEqual({ rows: 1, columns: 3 });
  });

  it('does not change the method if one tile is enough, or without tiles', async () => {
    expect(await withTiles(method, 512, sized([500, 512]))).toBe(method);
    expect(await withTiles(method, undefined, [])).toBe(method);
  });

  it('skips unreadable images', async () => {
    const entries = [unreadable('x'), ...sized([600, 600])];
    expect((await withTiles(method, 300, entries)).tiles).toEqual({ rows: 3, columns: 3 });
  });

  it('refuses more tiles than any image needs', async () => {
    await expect(withTiles(method, 64, sized([10_000, 500]))).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('10000 x 500'),
    });
  });
});

/** Wide images, of three tiles each. */
const wide = (seed: number, defect = false) => image(seed, { width: 160, defect });
const good = (count: number, first = 0): ImageEntry[] =>
  Array.from({ length: count }, (_, i) => entry(`good/${first + i}`, () => wide(first + i)));

async function tiledBundle() {
  const scratch = memoryScratches();
  let blocks = 0;
  const openScratch = async (blockBytes: number) => {
    const opened = await scratch.open(blockBytes);
    return {
      ...opened,
      append: (block: Uint8Array) => {
        blocks++;
        return opened.append(block);
      },
    };
  };
  const entries = good(20);
  const classes = [{ name: 'part', entries }];
  const bundle = await train(tinyTraining({ classes, openScratch, tile: 64 }));
  return { bundle, blocks, entries };
}

describe('a bundle with tiles', () => {
  it('learns from tiles, holds out images, and has a threshold for whole images', async () => {
    const { bundle, blocks, entries } = await tiledBundle();
    const { manifest } = bundle;
    expect(openBundle(bundle.bytes).manifest).toEqual(manifest);
    expect(manifest.method.tiles).toEqual({ rows: 1, columns: 3 });
    expect(manifest.training).toMatchObject({ images: 16, heldOut: 4 });
    expect(blocks).toBe(60);
    // 16 images of 3 tiles, 4 epochs in batches of 4, and half as many steps for the abnormal grid.
    expect(manifest.training.steps).toBe(48 + 24);
    const { engine } = tinyTraining();
    const scored = await scoreImages({ engine, model: bundle, entries });
    const all = scored.map(({ score }) => score);
    const { scores } = manifest.calibration;
    expect(scores).toHaveLength(20);
    // The others were scored by models not trained on them.
    expect(scores.filter((score) => all.includes(score))).toHaveLength(4);
  });

  it('draws other tiles with another seed, and gives the same bytes with the same', async () => {
    const classes = [{ name: 'part', entries: good(12) }];
    const schedule = { ...tinyTraining().schedule, epochs: 1 };
    const once = () => train(tinyTraining({ classes, schedule, tile: 64 }));
    expect((await once()).bytes).toEqual((await once()).bytes);
  });

  it('can be evaluated, calibrated and trained further like any other', async () => {
    const { bundle } = await tiledBundle();
    const { engine } = tinyTraining();
    const data = Uint8Array.from({ length: 160 * 64 }, (_, i) => {
      const [x, y] = [i % 160, Math.floor(i / 160)];
      return x >= 24 && x < 40 && y >= 24 && y < 40 ? 255 : 0;
    });
    const mask = { width: 160, height: 64, data };
    const entries = [
      ...good(3, 50).map((one) => labelled(one)),
      ...[60, 61, 62].map((seed) =>
        labelled(
          entry(`bad/${seed}`, () => wide(seed, true)),
          { defect: 'patch', mask },
        ),
      ),
    ];
    const detector = await Detector.load(engine, bundle);
    const maps: AnomalyMap[] = [];
    const onImage = ({ map }: SeenImage) => void maps.push(map);
    const evaluation = await evaluate({ detector, entries, onImage });
    // 20 cells of 8 pixels of the network along the width, at 16 pixels of the map.
    expect(maps.map(({ width, height }) => [width, height])).toEqual(maps.map(() => [320, 128]));
    expect(evaluation.mean.imageAuroc).toBe(1);
    expect(evaluation.mean.pixelAuroc).toBeGreaterThan(0.6);
    // Defective images differ from good ones in the patch.
    const sum = (at: number, from: number) =>
      maps.slice(from, from + 3).reduce((total, { data }) => total + (data[at] ?? 0), 0);
    const difference = Array.from({ length: 320 * 128 }, (_, at) => sum(at, 3) - sum(at, 0));
    const highest = difference.indexOf(difference.reduce((a, b) => Math.max(a, b)));
    expect(Math.abs((highest % 320) / 2 - 32)).toBeLessThan(16);
    const other = await detector.inspect(blank(300, 200));
    expect([other.map.width, other.map.height]).toEqual([320, 128]);
    await detector.dispose();
    const again = await recalibrate({
      engine,
      bundle,
      good: good(5, 80),
      now: () => new Date(0),
    });
    expect(again.manifest.method.tiles).toEqual(bundle.manifest.method.tiles);
    expect(again.manifest.calibration.scores).toHaveLength(5);
    const classes = [{ name: 'part', entries: good(12, 90) }];
    const further = await train(tinyTraining({ classes, from: bundle }));
    expect(further.manifest.method).toEqual(bundle.manifest.method);
  });
});
