import { float32, Graph, type Tensor } from '@bigrid/graph';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../testing/run-graph.ts';
import { Random } from './random.ts';
import { packedShape, packTriangles, transposedTriangles, unpackTriangles } from './triangles.ts';

/** Lower triangular matrices of numbers other than 0: [count, width, width]. */
function triangles(count: number, width: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count * width ** 2 }, (_, at) => {
    const [row, column] = [Math.floor(at / width) % width, at % width];
    return column > row ? 0 : random.integer(1, 128);
  });
}

const sizes = fc.tuple(
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1, max: 9 }),
  fc.integer(),
);

describe('packTriangles', () => {
  it('keeps all numbers in half of the space', () => {
    fc.assert(
      fc.property(sizes, ([count, width, seed]) => {
        const matrices = triangles(count, width, seed);
        const packed = packTriangles(matrices, width);
        const [pairs, rows, columns] = packedShape(count, width);
        expect(packed).toHaveLength(pairs * rows * columns);
        expect(unpackTriangles(packed, count, width)).toEqual(matrices);
      }),
    );
  });
});

it('unpackTriangles refuses another number of numbers', () => {
  expect(() => unpackTriangles(new Float32Array(4 * 9), 4, 3)).toThrow(
    expect.objectContaining({ code: 'BUNDLE_INVALID' }),
  );
});

describe('transposedTriangles', () => {
  it.each([
    [1, 3],
    [4, 5],
    [5, 1],
    [7, 4],
  ])('gives %i matrices of width %i back, transposed', async (count, width) => {
    const matrices = triangles(count, width, count);
    const graph = new Graph('triangles');
    const packed = float32(packedShape(count, width), packTriangles(matrices, width));
    const input = graph.input('packed', 'float32', packed.shape);
    graph.output('transposed', transposedTriangles(input, count));
    const { transposed } = await runGraph(graph, { packed });
    const { shape, data } = transposed as Tensor<'float32'>;
    expect(shape).toEqual([count, width, width]);
    const expected = matrices.map((_, at) => {
      const [matrix, row, column] = [
        Math.floor(at / width ** 2),
        Math.floor(at / width) % width,
        at % width,
      ];
      return matrices[(matrix * width + column) * width + row] as number;
    });
    expect([...data]).toEqual([...expected]);
  });
});
