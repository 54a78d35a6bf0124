import { describe, expect, test } from 'vitest';
import { distance, golden } from '../../testing/golden.ts';
import { numbersOf, randomTensor, runGraph, seededRandom } from '../../testing/run-graph.ts';
import { Graph } from '../graph.ts';
import { float32, tensor } from '../tensor.ts';
import { cast } from './elementwise.ts';
import { averagePool, resize, resizePlanes } from './image.ts';
import { transpose } from './layout.ts';

interface ResizeGolden {
  readonly shape: [height: number, width: number, channels: number];
  readonly image: string;
  readonly resized: { readonly size: [height: number, width: number]; readonly image: string }[];
}

const { shape, image, resized } = golden<ResizeGolden>('resize');
const input = tensor('uint8', [1, ...shape], Uint8Array.from(Buffer.from(image, 'base64')));

describe('resize', () => {
  for (const { size, image: expected } of resized) {
    const levels = Array.from(Buffer.from(expected, 'base64'), Number);

    test(`shrinks bytes of any size to ${size.join(' x ')} as Pillow does`, async () => {
      const graph = new Graph('resize');
      const x = graph.input('x', 'uint8', [1, 'height', 'width', 3]);
      graph.output('y', resize(x, size, 'nhwc', true));
      const outputs = await runGraph(graph, { x: input });
      expect(outputs.y?.shape).toEqual([1, ...size, 3]);
      expect(distance(numbersOf(outputs, 'y'), levels)).toBeLessThanOrEqual(1);
    });

    test(`shrinks float32 planes to ${size.join(' x ')} as Pillow does`, async () => {
      const graph = new Graph('resize');
      const x = graph.input('x', 'uint8', [1, 'height', 'width', 3]);
      const planes = transpose(cast(x, 'float32'), [0, 3, 1, 2]);
      graph.output('y', transpose(resize(planes, size, 'nchw', true), [0, 2, 3, 1]));
      const outputs = await runGraph(graph, { x: input });
      expect(distance(numbersOf(outputs, 'y'), levels)).toBeLessThanOrEqual(1);
    });
  }

  test.each([
    [8, 12, 3, 5],
    [12, 8, 6, 4],
    [4, 6, 8, 12],
    [5, 3, 7, 2],
  ])('of planes by products is the same: %i x %i to %i x %i', async (rows, columns, ...size) => {
    const graph = new Graph('resize');
    const shape = [2, 3, rows, columns];
    const x = graph.input('x', 'float32', shape);
    graph.output('operator', resize(x, size, 'nchw', true));
    graph.output('products', resizePlanes(x, size));
    const outputs = await runGraph(graph, { x: randomTensor(shape, seededRandom(rows)) });
    expect(outputs.products?.shape).toEqual([2, 3, ...size]);
    const [operator, products] = ['operator', 'products'].map((name) => numbersOf(outputs, name));
    expect(distance(products as number[], operator as number[])).toBeLessThan(1e-6);
  });

  test('without antialias it looks at the nearest cells only', async () => {
    const graph = new Graph('resize');
    const x = graph.input('x', 'float32', [1, 1, 1, 8]);
    graph.output('plain', resize(x, [1, 2], 'nchw', false));
    graph.output('antialiased', resize(x, [1, 2], 'nchw', true));
    const outputs = await runGraph(graph, { x: float32([1, 1, 1, 8], [8, 0, 0, 0, 0, 0, 0, 8]) });
    expect(numbersOf(outputs, 'plain')).toEqual([0, 0]);
    expect(numbersOf(outputs, 'antialiased').every((value) => value > 0.5)).toBe(true);
  });
});

describe('averagePool', () => {
  test('leaves the padding out of the mean', async () => {
    const graph = new Graph('pool');
    const x = graph.input('x', 'float32', [1, 1, 2, 3]);
    graph.output('y', averagePool(x, 3));
    const outputs = await runGraph(graph, { x: float32([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]) });
    expect(numbersOf(outputs, 'y')).toEqual([3, 3.5, 4, 3, 3.5, 4]);
  });
});
