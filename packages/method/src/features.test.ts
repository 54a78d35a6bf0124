import { Graph, tensor } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { at, type Plain } from '../testing/plain.ts';
import { distance, numbersOf, runGraph } from '../testing/run-graph.ts';
import { tinyBackbone, tinyMethod, tinyTaps } from '../testing/tiny.ts';
import type { Backbone } from './backbones/backbone.ts';
import { extractor } from './detector.ts';
import { features } from './features.ts';
import type { MethodOptions } from './options.ts';
import { Random } from './random.ts';

/** A "network" whose one tap is its input. */
const identity: Backbone = {
  name: 'identity',
  licence: 'none',
  mean: [10, 20, 30],
  deviation: [1, 2, 4],
  stride: 8,
  tapCount: 1,
  taps: (image) => [image],
};

function imageOf(width: number, height: number) {
  const random = new Random(width);
  return tensor(
    'uint8',
    [1, height, width, 3],
    Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 255)),
  );
}

async function run(backbone: Backbone, options: MethodOptions, image = imageOf(64, 64)) {
  const graph = new Graph('features');
  const input = graph.input('image', 'uint8', [1, 'height', 'width', 3]);
  const { value, tapChannels, tapCells } = features(graph, input, backbone, options);
  graph.output('value', value);
  const outputs = await runGraph(graph, { image });
  return { shape: value.shape, tapChannels, tapCells, value: numbersOf(outputs, 'value') };
}

describe('features', () => {
  it('normalises each colour with its own mean and deviation', async () => {
    const image = imageOf(64, 64);
    const { value } = await run(identity, { ...tinyMethod, cells: 64, pooling: 1 }, image);
    const expected = Array.from({ length: 3 * 64 * 64 }, (_, i) => {
      const colour = Math.floor(i / 4096);
      const level = image.data[(i % 4096) * 3 + colour] as number;
      return (level - (identity.mean[colour] as number)) / (identity.deviation[colour] as number);
    });
    expect(distance(value, expected)).toBeLessThan(1e-5);
  });

  it('takes the mean over the neighbours of a cell that are there', async () => {
    const image = imageOf(64, 64);
    const { value } = await run(identity, { ...tinyMethod, cells: 64, pooling: 1 }, image);
    const sharp: Plain = { shape: [1, 3, 64, 64], data: value };
    const { value: pooled } = await run(identity, { ...tinyMethod, cells: 64, pooling: 3 }, image);
    for (const [y, x] of [
      [0, 0],
      [0, 30],
      [63, 63],
      [20, 41],
    ] as const) {
      let [total, count] = [0, 0];
      for (let j = Math.max(0, y - 1); j <= Math.min(63, y + 1); j++) {
        for (let i = Math.max(0, x - 1); i <= Math.min(63, x + 1); i++, count++) {
          total += at(sharp, 0, 1, j, i);
        }
      }
      expect(pooled[4096 + y * 64 + x]).toBeCloseTo(total / count, 3);
    }
  });

  it('joins taps of any size at the size of the cells', async () => {
    const { shape, tapChannels, value } = await run(tinyBackbone, tinyMethod);
    expect(shape).toEqual([1, 10, 8, 8]);
    expect(tapChannels).toEqual([4, 6]);
    const only = await run(tinyBackbone, { ...tinyMethod, taps: [1] });
    expect(value.slice(4 * 64)).toEqual(only.value);
  });

  it('knows of which taps fewer cells would say as much', async () => {
    // The taps have 16 and 8 cells along a side.
    const at = async (cells: number) =>
      (await run(tinyBackbone, { ...tinyMethod, cells })).tapCells;
    expect(await at(8)).toEqual([8, 8]);
    expect(await at(16)).toEqual([16, 8]);
    expect(await at(32)).toEqual([16, 8]);
    expect(await at(24)).toEqual([24, 8]);
  });

  it('shrinks with antialias: fine stripes become grey', async () => {
    // Between the two pixels next to a cell's centre, where no antialias looks, they are black.
    const width = 256;
    const stripes = Uint8Array.from(
      { length: width * width * 3 },
      (_, i) => [200, 0, 0, 200][Math.floor(i / 3) % 4] as number,
    );
    const options = { ...tinyMethod, cells: 64, pooling: 1 as const };
    const { value } = await run(identity, options, tensor('uint8', [1, width, width, 3], stripes));
    const red = value.slice(0, 4096).map((level) => level + 10);
    expect(Math.min(...red)).toBeGreaterThan(80);
    expect(Math.max(...red)).toBeLessThan(120);
  });

  it('takes images of any size', async () => {
    for (const [width, height] of [
      [64, 64],
      [37, 91],
      [300, 20],
      [1, 1],
    ] as const) {
      const { value } = await run(tinyBackbone, tinyMethod, imageOf(width, height));
      expect(value).toHaveLength(10 * 64);
      expect(value.every(Number.isFinite)).toBe(true);
    }
  });
});

describe('extractor', () => {
  it('gives the features in half precision, with their sums and squares over the cells', async () => {
    const { value } = await run(tinyBackbone, tinyMethod);
    const { graph, tapChannels, tapCells } = extractor(tinyBackbone, tinyMethod);
    expect({ tapChannels, tapCells }).toEqual(tinyTaps);
    const outputs = await runGraph(graph, { image: imageOf(64, 64) });
    expect(outputs.features?.type).toBe('float16');
    expect(outputs.features?.shape).toEqual([1, 10, 8, 8]);
    const channel = (c: number) => value.slice(c * 64, (c + 1) * 64);
    const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
    const channels = Array.from({ length: 10 }, (_, c) => channel(c));
    expect(distance(numbersOf(outputs, 'sum'), channels.map(total))).toBeLessThan(1e-3);
    const squares = channels.map((values) => total(values.map((v) => v * v)));
    expect(distance(numbersOf(outputs, 'squares'), squares)).toBeLessThan(2e-3);
  });
});
