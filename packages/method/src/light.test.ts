import { float32, Graph } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { numbersOf, runGraph } from '../testing/run-graph.ts';
import { evenedOut } from './light.ts';
import { Random } from './random.ts';

const random = new Random(4);
const SHAPE = [1, 3, 4, 4] as const;
const PIXELS = 16;
/** Dark enough not to be clipped by any gain in the tests. */
const scene = Array.from({ length: 3 * PIXELS }, () => random.uniform(10, 120));

async function evened(pixels: readonly number[], references: readonly number[][]) {
  const graph = new Graph('light');
  const planes = graph.input('planes', 'float32', SHAPE);
  const known = float32([references.length, 3], references.flat());
  graph.output('evened', evenedOut(planes, known));
  return [...numbersOf(await runGraph(graph, { planes: float32(SHAPE, pixels) }), 'evened')];
}

const lit = (gains: readonly number[]) =>
  scene.map((value, at) => value * (gains[Math.floor(at / PIXELS)] as number));
const meansOf = (pixels: readonly number[]) =>
  [0, 1, 2].map(
    (channel) =>
      pixels.slice(channel * PIXELS, (channel + 1) * PIXELS).reduce((sum, value) => sum + value) /
      PIXELS,
  );
const closeTo = (found: readonly number[], expected: readonly number[]) =>
  found.forEach((value, at) => {
    expect(value).toBeCloseTo(expected[at] as number, 3);
  });

describe('evenedOut', () => {
  it.each([[[1, 1, 1]], [[0.8, 0.8, 0.8]], [[1.1, 1, 0.9]]])(
    'brings a scene under a lamp of gains %s to the light of good images',
    async (gains) => {
      closeTo(await evened(lit(gains), [meansOf(scene)]), scene);
    },
  );

  it('leaves what a lamp does not explain: gains beyond 0.7 to 1.4', async () => {
    closeTo(await evened(lit([0.1, 1, 1]), [meansOf(scene)]), lit([0.14, 1, 1]));
    closeTo(await evened(lit([2, 1, 1]), [meansOf(scene)]), lit([1.4, 1, 1]));
  });

  it('takes the light of the class that is nearest', async () => {
    const other = meansOf(scene).map((mean) => 3 * mean);
    closeTo(await evened(lit([1.1, 1.1, 1.1]), [other, meansOf(scene)]), scene);
  });

  it('clips at white, as a camera does, and takes black for what it is', async () => {
    const bright = await evened(lit([1, 1, 1]), [[255, 255, 255]]);
    expect(Math.max(...bright)).toBeLessThanOrEqual(255);
    expect(
      await evened(
        scene.map(() => 0),
        [meansOf(scene)],
      ),
    ).toEqual(scene.map(() => 0));
  });
});
