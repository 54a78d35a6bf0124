import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numbersOf, randomTensor, runGraph, seededRandom } from '../testing/run-graph.ts';
import { Graph, type Value } from './graph.ts';
import { convolution } from './operators/convolution.ts';
import * as elementwise from './operators/elementwise.ts';
import { averagePool, maxPool, resize } from './operators/image.ts';
import { concat, expand, pad, reshape, slice, transpose } from './operators/layout.ts';
import { matMul } from './operators/linear.ts';
import { reduceMax, reduceMean, reduceSum } from './operators/reduce.ts';

const { abs, add, cast, clip, div, exp, greater, less, log, maximum, minimum } = elementwise;
const { mul, neg, power, relu, sigmoid, sign, sqrt, sub, tanh, where } = elementwise;

/** Each property builds and runs a graph of its own for every example. */
const RUNS = { numRuns: 40 };

/** Builds an expression of random inputs, runs it, and holds the shapes that we infer against the engine's. */
async function checkShape(
  shapes: readonly (readonly number[])[],
  build: (...inputs: Value[]) => Value | readonly Value[],
): Promise<void> {
  const graph = new Graph('shapes');
  const random = seededRandom(1);
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
  const built = build(...inputs);
  const outputs = Array.isArray(built) ? built : [built];
  outputs.forEach((value, i) => {
    graph.output(`y${i}`, value);
  });
  const feeds = shapes.map((shape, i) => [`x${i}`, randomTensor(shape, random, 0.5, 2)]);
  const returned = await runGraph(graph, Object.fromEntries(feeds));
  outputs.forEach((value: Value, i) => {
    const { shape, type } = returned[`y${i}`] ?? {};
    expect({ node: value.name, shape, type }).toEqual({
      node: value.name,
      shape: value.shape,
      type: value.type,
    });
  });
}

const size = fc.integer({ min: 1, max: 4 });
const anyShape = (minLength = 0) => fc.array(size, { minLength, maxLength: 4 });
/** A shape, and one that broadcasts with it: axes become 1 on either side, leading ones are left out. */
const broadcastable = fc
  .tuple(
    anyShape(),
    fc.array(fc.constantFrom('both', 'left', 'right'), { minLength: 4, maxLength: 4 }),
    fc.nat(4),
    fc.boolean(),
  )
  .map(([shape, ones, dropped, swap]) => {
    const left = shape.map((n, i) => (ones[i] === 'left' ? 1 : n));
    const right = shape.map((n, i) => (ones[i] === 'right' ? 1 : n)).slice(dropped);
    return swap ? [right, left] : [left, right];
  });
/** A shape and some of its axes, counted from the front or the end. */
const shapeAndAxes = anyShape(1).chain((shape) =>
  fc.tuple(
    fc.constant(shape),
    fc
      .subarray(shape.map((_, axis) => axis))
      .chain((axes) => fc.tuple(...axes.map((axis) => fc.constantFrom(axis, axis - shape.length)))),
    fc.boolean(),
  ),
);
const shapeAndAxis = anyShape(1).chain((shape) =>
  fc.tuple(fc.constant(shape), fc.integer({ min: -shape.length, max: shape.length - 1 })),
);

describe('the inferred shape and type are those that ONNX Runtime returns', () => {
  test('elementwise operators of one input', () =>
    fc.assert(
      fc.asyncProperty(anyShape(), (shape) =>
        checkShape([shape], (x) => {
          const operators = [abs, exp, log, neg, relu, sigmoid, sign, sqrt, tanh];
          return [
            ...operators.map((operator) => operator(x as Value)),
            clip(x as Value, 0, 1),
            cast(x as Value, 'float16'),
            cast(x as Value, 'int64'),
            cast(x as Value, 'uint8'),
          ];
        }),
      ),
      RUNS,
    ));

  test('elementwise operators that broadcast', () =>
    fc.assert(
      fc.asyncProperty(broadcastable, (shapes) =>
        checkShape(shapes, (a, b) => {
          const operators = [add, sub, mul, div, maximum, minimum, greater, less, power];
          return operators.map((operator) => operator(a as Value, b as Value));
        }),
      ),
      RUNS,
    ));

  test('where', () =>
    fc.assert(
      fc.asyncProperty(broadcastable, broadcastable, ([a, b], [c]) =>
        checkShape([a as number[], b as number[], c as number[]], (x, y, z) => [
          where(greater(x as Value, 1), y as Value, 2),
          where(greater(y as Value, 1), 2, x as Value),
          where(less(z as Value, 1), 1, 2),
        ]),
      ),
      RUNS,
    ));

  test('reductions', () =>
    fc.assert(
      fc.asyncProperty(shapeAndAxes, ([shape, axes, keepDimensions]) =>
        checkShape([shape], (x) =>
          [reduceSum, reduceMean, reduceMax].flatMap((reduce) => [
            reduce(x as Value, { axes, keepDimensions }),
            reduce(x as Value, { keepDimensions }),
          ]),
        ),
      ),
      RUNS,
    ));

  test('reductions of a scalar', () => checkShape([[]], (x) => reduceSum(x as Value)));

  test('reshape, expand', () =>
    fc.assert(
      fc.asyncProperty(shapeAndAxis, fc.func(fc.integer()), ([shape, axis], order) => {
        const sorted = [...shape].sort((a, b) => order(a) - order(b));
        const open = sorted.map((n, at) => (at === Math.abs(axis) % sorted.length ? -1 : n));
        return checkShape([shape], (x) => [
          reshape(x as Value, sorted),
          reshape(x as Value, open),
          reshape(x as Value, [-1]),
          reshape(x as Value, [1, ...shape, 1]),
          expand(x as Value, [3, 1, ...shape]),
          expand(reshape(x as Value, [...shape, 1]), [2, ...shape, 5]),
        ]);
      }),
      RUNS,
    ));

  test('transpose', () =>
    fc.assert(
      fc.asyncProperty(
        anyShape(1).chain((shape) => {
          const axes = shape.map((_, axis) => axis);
          const all = { minLength: axes.length, maxLength: axes.length };
          return fc.tuple(fc.constant(shape), fc.shuffledSubarray(axes, all));
        }),
        ([shape, order]) =>
          checkShape([shape], (x) => [
            transpose(x as Value, order),
            transpose(
              x as Value,
              order.map((axis) => axis - shape.length),
            ),
          ]),
      ),
      RUNS,
    ));

  test('concat, slice, pad', () =>
    fc.assert(
      fc.asyncProperty(
        shapeAndAxis,
        size,
        fc.array(fc.nat(2), { minLength: 8, maxLength: 8 }),
        ([shape, axis], other, sizes) => {
          const at = axis < 0 ? axis + shape.length : axis;
          const joined = shape.map((n, i) => (i === at ? other : n));
          return checkShape([shape, joined], (x, y) => {
            const both = concat([x as Value, y as Value, x as Value], axis);
            return [
              both,
              slice(both, axis, 1, (shape[at] as number) + 1),
              pad(x as Value, sizes.slice(0, shape.length), sizes.slice(4, 4 + shape.length)),
            ];
          });
        },
      ),
      RUNS,
    ));

  test('matMul', () =>
    fc.assert(
      fc.asyncProperty(broadcastable, size, size, size, ([a, b], m, k, n) =>
        checkShape(
          [
            [...(a as number[]), m, k],
            [...(b as number[]), k, n],
          ],
          (x, y) => matMul(x as Value, y as Value),
        ),
      ),
      RUNS,
    ));

  test('convolution', () => {
    const small = fc.integer({ min: 1, max: 3 });
    const options = fc.record({
      stride: small,
      dilation: small,
      padding: fc.constantFrom(0, 1, 2, 3),
      groups: fc.constantFrom(1, 2),
    });
    const space = fc.tuple(fc.integer({ min: 7, max: 12 }), fc.integer({ min: 7, max: 12 }));
    return fc.assert(
      fc.asyncProperty(
        space,
        fc.tuple(small, small),
        small,
        options,
        (image, kernel, batch, chosen) =>
          checkShape([[batch, 4, ...image], [6, 4 / chosen.groups, ...kernel], [6]], (x, w, b) => [
            convolution(x as Value, w as Value, b, chosen),
            convolution(x as Value, w as Value, undefined, {
              ...chosen,
              dilation: 1,
              padding: 'same',
            }),
          ]),
      ),
      RUNS,
    );
  });

  test('maxPool', () => {
    const window = fc.integer({ min: 1, max: 4 });
    return fc.assert(
      fc.asyncProperty(
        fc.tuple(size, size, fc.integer({ min: 4, max: 9 }), fc.integer({ min: 4, max: 9 })),
        window.chain((side) => fc.tuple(fc.constant(side), fc.nat(side - 1))),
        fc.integer({ min: 1, max: 3 }),
        (shape, [side, padding], stride) =>
          checkShape([shape], (x) => [maxPool(x as Value, side, stride, padding)]),
      ),
      RUNS,
    );
  });

  test('resize and averagePool', () => {
    const length = fc.integer({ min: 1, max: 12 });
    return fc.assert(
      fc.asyncProperty(
        fc.tuple(size, length, length, size),
        fc.tuple(length, length),
        fc.boolean(),
        fc.constantFrom(1, 3, 5),
        (shape, target, antialias, window) =>
          checkShape([shape], (x) => [
            resize(x as Value, target, 'nhwc', antialias),
            resize(x as Value, target, 'nchw', antialias),
            averagePool(x as Value, window),
          ]),
      ),
      RUNS,
    );
  });
});

describe('what layout operators do to the elements', () => {
  test('slices of a value, joined again, are the value; so is a slice of it padded', () =>
    fc.assert(
      fc.asyncProperty(shapeAndAxis, async ([shape, axis]) => {
        const graph = new Graph('layout');
        const x = graph.input('x', 'float32', shape);
        const along = shape.at(axis) as number;
        const at = axis < 0 ? axis + shape.length : axis;
        const only = (n: number) => shape.map((_, i) => (i === at ? n : 0));
        const parts = Array.from({ length: along }, (_, i) => slice(x, axis, i, i + 1));
        graph.output('joined', concat(parts, axis));
        graph.output('padded', slice(pad(x, only(2), only(1)), axis, 2, along + 2));
        const value = randomTensor(shape, seededRandom(2));
        const outputs = await runGraph(graph, { x: value });
        expect(numbersOf(outputs, 'joined')).toEqual([...value.data]);
        expect(numbersOf(outputs, 'padded')).toEqual([...value.data]);
      }),
      RUNS,
    ));

  test('sizes known only at run time keep their names', () => {
    const graph = new Graph('open');
    const x = graph.input('x', 'float32', ['batch', 'height', 3]);
    expect(add(x, mul(x, 2)).shape).toEqual(['batch', 'height', 3]);
    expect(transpose(x, [2, 0, 1]).shape).toEqual([3, 'batch', 'height']);
    expect(reduceMean(x, { axes: [1], keepDimensions: false }).shape).toEqual(['batch', 3]);
    expect(slice(x, -1, 0, 2).shape).toEqual(['batch', 'height', 2]);
    expect(matMul(x, graph.input('w', 'float32', [3, 5])).shape).toEqual(['batch', 'height', 5]);
  });
});
