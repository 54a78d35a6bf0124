import { float32, Graph, tensor } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { numbersOf, runGraph } from '../testing/run-graph.ts';
import { tinyMethod } from '../testing/tiny.ts';
import { evenedOut, lightReader } from './light.ts';
import { Random } from './random.ts';

const random = new Random(4);
/** A pixel per block. */
const SHAPE = [1, 3, 8, 8] as const;
const PIXELS = 64;
/** Neither dark nor bright, under any lamp of the tests. */
const scene = Array.from({ length: 3 * PIXELS }, () => random.uniform(40, 120));

async function evened(pixels: readonly number[], references: readonly (readonly number[])[]) {
  const graph = new Graph('light');
  const planes = graph.input('planes', 'float32', SHAPE);
  const known = float32([references.length, 3 * PIXELS], references.flat());
  graph.output('evened', evenedOut(planes, known));
  return [...numbersOf(await runGraph(graph, { planes: float32(SHAPE, pixels) }), 'evened')];
}

const lit = (gains: readonly number[], pixels = scene) =>
  pixels.map((value, at) => value * (gains[Math.floor(at / PIXELS)] as number));
function expectClose(found: readonly number[], expected: readonly number[]): void {
  found.forEach((value, at) => {
    expect(value).toBeCloseTo(expected[at] as number, 2);
  });
}

describe('evenedOut', () => {
  it.each([[[1, 1, 1]], [[0.8, 0.8, 0.8]], [[1.1, 1, 0.9]]])(
    'brings a scene under a lamp of gains %s to the light of good images',
    async (gains) => {
      expectClose(await evened(lit(gains), [scene]), scene);
    },
  );

  it('leaves what a lamp does not explain: gains beyond 0.7 to 1.4', async () => {
    expectClose(await evened(lit([0.5, 1, 1]), [scene]), lit([0.7, 1, 1]));
    expectClose(await evened(lit([1.8, 1, 1]), [scene]), lit([1.26, 1, 1]));
  });

  it('is not misled by a defect on less than half of the image', async () => {
    const broken = scene.map((value, at) => (at % PIXELS < 24 ? 5 : value));
    expectClose(await evened(broken, [scene]), broken);
    expectClose(await evened(lit([0.8, 0.8, 0.8], broken), [scene]), broken);
  });

  it('goes by the blocks that show a gain, where most are black or white', async () => {
    const part = (background: number) =>
      scene.map((value, at) => (at % PIXELS < 51 ? background : value));
    for (const background of [0, 255]) {
      const own = part(background);
      const dim = lit([0.8, 0.8, 0.8], own);
      expectClose(await evened(dim, [own]), own);
    }
  });

  it('takes the light of the class that is nearest', async () => {
    const other = scene.map((_, at) => (at % 2 ? 200 : 20));
    expectClose(await evened(lit([1.1, 1.1, 1.1]), [other, scene]), scene);
  });

  it('leaves white what is white, whatever the lamp did to the rest', async () => {
    const own = scene.map((value, at) => (at % PIXELS < 20 ? 255 : value));
    for (const gain of [0.85, 1.2]) {
      const seen = own.map((value) => Math.min(255, gain * value));
      expectClose(await evened(seen, [own]), own);
    }
  });

  it('goes to white at most, and takes black for what it is', async () => {
    const brighter = scene.map((value) => Math.min(239, 2.2 * value));
    expect(Math.max(...(await evened(lit([1.9, 1.9, 1.9]), [brighter])))).toBeLessThanOrEqual(255);
    const black = scene.map(() => 0);
    expect(await evened(black, [scene])).toEqual(black);
  });
});

describe('lightReader', () => {
  it('reads the mean of each channel in blocks of 8 x 8', async () => {
    const side = tinyMethod.inputSize;
    const levelOf = (row: number, column: number, channel: number) =>
      8 * Math.floor((8 * row) / side) + Math.floor((8 * column) / side) + 60 * channel;
    const data = Uint8Array.from({ length: side * side * 3 }, (_, at) => {
      const pixel = Math.floor(at / 3);
      return levelOf(Math.floor(pixel / side), pixel % side, at % 3);
    });
    const image = tensor('uint8', [1, side, side, 3], data);
    const blocks = numbersOf(await runGraph(lightReader(tinyMethod), { image }), 'blocks');
    const expected = [0, 1, 2].flatMap((channel) =>
      Array.from({ length: PIXELS }, (_, block) => block + 60 * channel),
    );
    expectClose([...blocks], expected);
  });
});
