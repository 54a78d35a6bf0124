import { cast, float32, Graph, reduceMean, type Tensor, tensor, toModel } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { distance, engine, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import { tinyBackbone, tinyMethod, tinySchedule, tinyTaps } from '../testing/tiny.ts';
import { mapSize } from './anomaly-map.ts';
import { detector, extractor, mapSizeOf } from './detector.ts';
import type { MethodOptions } from './options.ts';
import { initialValue, type ParameterValues } from './parameters.ts';
import { Random } from './random.ts';
import { blend, imageCells, originsTensor, overTiles, tileOrigins, tilesAlong } from './tiles.ts';
import { trainingStep } from './training-step.ts';

const channels = 10;
const statistics = {
  mean: normals([channels], 1, 0.2),
  deviation: normals([channels], 2).map((value) => 0.5 + Math.abs(value)),
};
const method: MethodOptions = { ...tinyMethod, grids: 'normal' };
const tiled = (rows: number, columns: number): MethodOptions => ({
  ...method,
  tiles: { rows, columns },
});

/** First values: nothing has to be learnt for two graphs to agree. */
const values: ParameterValues = new Map(
  trainingStep({
    stage: 'normal',
    method,
    schedule: tinySchedule,
    statistics,
    taps: tinyTaps,
  }).parameters.map((parameter) => [parameter.name, initialValue(parameter, new Random(3))]),
);

function imageOf(
  width: number,
  height: number,
  pixel: (x: number, y: number, channel: number) => number,
): Tensor<'uint8'> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    return pixel(at % width, Math.floor(at / width), i % 3);
  });
  return tensor('uint8', [1, height, width, 3], data);
}

const noise = (seed: number) => {
  const random = new Random(seed);
  return () => random.integer(0, 255);
};

const highestOf = (numbers: readonly number[]) =>
  numbers.reduce((highest, value) => Math.max(highest, value), -Infinity);

async function inspect(options: MethodOptions, image: Tensor<'uint8'>) {
  const outputs = await runGraph(detector(tinyBackbone, options, statistics, values), { image });
  return {
    map: numbersOf(outputs, 'anomaly_map'),
    shape: outputs.anomaly_map?.shape,
    score: numbersOf(outputs, 'score')[0] as number,
  };
}

describe('tilesAlong', () => {
  it('is the least number of tiles of which none is longer, a quarter of each shared', () => {
    const longest = (length: number, count: number) => length / (0.25 + 0.75 * count);
    for (const length of [1, 300, 512, 513, 900, 2048, 4000, 10_000]) {
      const count = tilesAlong(length, 512);
      expect(longest(length, count)).toBeLessThanOrEqual(512);
      if (count > 1) expect(longest(length, count - 1)).toBeGreaterThan(512);
    }
    expect([512, 2048, 10_000].map((length) => tilesAlong(length, 512))).toEqual([1, 5, 26]);
  });
});

describe('tiles', () => {
  it('cover the resized image, each a whole tile, in step with the cells', async () => {
    const options = tiled(2, 3);
    // 8 cells, of which 2 are shared: 6 cells of 8 pixels a step.
    expect(imageCells(options)).toEqual([14, 20]);
    expect(tileOrigins(options)).toEqual([
      [0, 0],
      [0, 48],
      [0, 96],
      [48, 0],
      [48, 48],
      [48, 96],
    ]);
    // An image of just that size is not resized: a tile's mean is that of its pixels.
    const random = noise(5);
    const image = imageOf(160, 112, random);
    const graph = new Graph('tiles');
    const input = graph.input('image', 'uint8', [1, 'height', 'width', 3]);
    const origins = graph.input('origins', 'int64', ['tiles', 2]);
    const [means] = overTiles(input, origins, options, (tile) => [
      reduceMean(cast(tile, 'float32'), { keepDimensions: false }),
    ]);
    graph.output('means', means as never);
    const chosen = [
      [48, 96],
      [0, 48],
    ] as const;
    const outputs = await runGraph(graph, { image, origins: originsTensor(chosen) });
    const expected = chosen.map(([top, left]) => {
      let sum = 0;
      for (let y = top; y < top + 64; y++) {
        const row = (y * 160 + left) * 3;
        for (let i = row; i < row + 64 * 3; i++) sum += image.data[i] as number;
      }
      return sum / (64 * 64 * 3);
    });
    expect(distance(numbersOf(outputs, 'means'), expected)).toBeLessThan(1e-3);
  });

  it('blend so that what they agree on stays, and no tile ends with a step', async () => {
    const options = tiled(2, 3);
    const fields = (value: (tile: number, y: number, x: number) => number) =>
      float32(
        [6, 1, 1, 8, 8],
        Array.from({ length: 6 * 64 }, (_, i) =>
          value(Math.floor(i / 64), Math.floor((i % 64) / 8), i % 8),
        ),
      );
    const run = async (value: (tile: number, y: number, x: number) => number) => {
      const graph = new Graph('blend');
      graph.output('blended', blend([graph.constant(fields(value))], options)[0] as never);
      const outputs = await runGraph(graph);
      expect(outputs.blended?.shape).toEqual([1, 1, 14, 20]);
      return numbersOf(outputs, 'blended');
    };
    // A slope over the whole image.
    const slope = await run(
      (tile, y, x) => 6 * Math.floor(tile / 3) + y + 100 * (6 * (tile % 3) + x),
    );
    slope.forEach((value, i) => {
      expect(value).toBeCloseTo(Math.floor(i / 20) + 100 * (i % 20), 2);
    });
    // Tiles that disagree by one: two shared cells lead over in steps of a half.
    const steps = await run((tile) => tile % 3);
    const [quarter, rest] = [0.25, 0.75];
    expect(steps.slice(0, 20)).toEqual(
      [0, 0, 0, 0, 0, 0, quarter, rest, 1, 1, 1, 1, 1 + quarter, 1 + rest, 2, 2, 2, 2, 2, 2].map(
        (value) => expect.closeTo(value, 5),
      ),
    );
  });
});

describe('a detector with tiles', () => {
  it('is the undivided one where one tile covers the image', async () => {
    const image = imageOf(90, 70, noise(1));
    const [one, whole] = [await inspect(tiled(1, 1), image), await inspect(method, image)];
    expect(one.shape).toEqual([1, 256, 256]);
    expect(distance(one.map, whole.map)).toBeLessThan(1e-5);
    expect(one.score).toBeCloseTo(whole.score, 5);
  });

  it('sees in each tile what an undivided one sees in that piece', async () => {
    const options = { ...tiled(1, 2), smoothing: 0, refinement: 'off' as const };
    const random = noise(2);
    const image = imageOf(112, 64, random);
    const piece = (left: number) =>
      imageOf(64, 64, (x, y, c) => image.data[(y * 112 + left + x) * 3 + c] as number);
    const { map, shape } = await inspect(options, image);
    // 14 cells, 32 pixels each.
    expect(shape).toEqual([1, 256, 448]);
    for (const [left, from, to] of [
      [0, 0, 6 * 32 - 16],
      [48, 8 * 32 + 16, 448],
    ] as const) {
      const own = await inspect({ ...method, smoothing: 0, refinement: 'off' }, piece(left));
      const start = (left / 8) * 32;
      for (let x = from; x < to; x += 7) {
        expect(map[128 * 448 + x]).toBeCloseTo(own.map[128 * 256 + x - start] as number, 3);
      }
    }
  });

  it('shows no step at its seams on a texture that repeats', async () => {
    const options = { ...tiled(3, 3), smoothing: 0 };
    // Repeats every 22 pixels of the resized image: each tile of 64 begins elsewhere in it.
    const side = 160;
    const image = imageOf(side, side, (x, y, c) =>
      Math.round(
        128 + 60 * Math.sin((2 * Math.PI * (x + c)) / 22) * Math.cos((2 * Math.PI * y) / 22),
      ),
    );
    const { map, shape } = await inspect(options, image);
    const [, height, width] = shape as [number, number, number];
    const step = (x: number) => {
      let sum = 0;
      for (let y = 0; y < height; y++) {
        sum += Math.abs((map[y * width + x] as number) - (map[y * width + x - 1] as number));
      }
      return sum / height;
    };
    // The steepest place around each border between cells: six, seven, eight are where two tiles share.
    const pixels = width / 20;
    const around = (border: number) =>
      Math.max(...Array.from({ length: pixels }, (_, i) => step((border - 0.5) * pixels + i)));
    const steepest = (borders: readonly number[]) => Math.max(...borders.map(around));
    expect(steepest([6, 7, 8, 12, 13, 14])).toBeLessThan(1.3 * steepest([9, 10, 11]));
  });

  it('scores an image by the worst of it, wherever it lies', async () => {
    const options = tiled(2, 2);
    const random = new Random(9);
    const base = imageOf(300, 300, () => random.integer(110, 130));
    const clean = await inspect(options, base);
    for (const [left, top] of [
      [10, 10],
      [145, 145],
      [280, 150],
    ] as const) {
      const spotted = imageOf(300, 300, (x, y, c) =>
        x >= left && x < left + 12 && y >= top && y < top + 12
          ? 255
          : (base.data[(y * 300 + x) * 3 + c] as number),
      );
      const { map, shape, score } = await inspect(options, spotted);
      expect(score).toBeGreaterThan(1.02 * clean.score);
      const [, height, width] = shape as [number, number, number];
      const change = map.map((value, i) => value - (clean.map[i] as number));
      const highest = change.indexOf(highestOf(change));
      const [x, y] = [highest % width, Math.floor(highest / width)];
      expect(Math.abs((x / width) * 300 - left - 6)).toBeLessThan(25);
      expect(Math.abs((y / height) * 300 - top - 6)).toBeLessThan(25);
    }
  });
});

describe('maps', () => {
  it('of an undivided image are 256 on a side; of tiles at most 512, or a pixel a cell', () => {
    expect(mapSize(32, 32, 32)).toEqual({ height: 256, width: 256, scale: 1 });
    expect(mapSize(128, 128, 128)).toEqual({ height: 256, width: 256, scale: 1 });
    expect(mapSize(32, 56, 32)).toEqual({ height: 256, width: 448, scale: 1 });
    expect(mapSize(128, 80, 32)).toEqual({ height: 512, width: 320, scale: 0.5 });
    expect(mapSize(632, 632, 32)).toEqual({ height: 632, width: 632, scale: 0.125 });
    expect(mapSizeOf(tiled(1, 2))).toEqual({ height: 256, width: 448 });
  });
});

describe('an extractor with tiles', () => {
  it('gives the features of the tiles asked for, in their order, and sums over them', async () => {
    const image = imageOf(200, 130, noise(4));
    const options = tiled(2, 2);
    const session = await engine.load(toModel(extractor(tinyBackbone, options).graph));
    const origins = tileOrigins(options);
    const run = (of: (readonly [number, number])[]) =>
      session.run({ image, origins: originsTensor(of) });
    const all = await run(origins);
    expect(all.features?.shape).toEqual([4, channels, 8, 8]);
    const two = await run([origins[3], origins[1]] as (readonly [number, number])[]);
    const block = channels * 64;
    const part = (outputs: typeof all, tile: number) =>
      numbersOf(outputs, 'features').slice(tile * block, (tile + 1) * block);
    expect(part(two, 0)).toEqual(part(all, 3));
    expect(part(two, 1)).toEqual(part(all, 1));
    const [one, other] = [await run([origins[3] as never]), await run([origins[1] as never])];
    numbersOf(two, 'sum').forEach((sum, i) => {
      expect(sum).toBeCloseTo(
        (numbersOf(one, 'sum')[i] as number) + (numbersOf(other, 'sum')[i] as number),
        2,
      );
    });
    await session.dispose();
  });
});
