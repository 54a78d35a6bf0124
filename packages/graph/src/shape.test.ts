import { isBigridError } from '@bigrid/errors';
import { describe, expect, test } from 'vitest';
import { Graph, type Value } from './graph.ts';
import { type ConvolutionOptions, convolution } from './operators/convolution.ts';
import * as elementwise from './operators/elementwise.ts';
import { averagePool, resize } from './operators/image.ts';
import { concat, expand, pad, reshape, slice, transpose } from './operators/layout.ts';
import { matMul } from './operators/linear.ts';
import { reduceMax, reduceMean, reduceSum } from './operators/reduce.ts';
import { formatShape, type Shape } from './shape.ts';
import { type ElementType, float32 } from './tensor.ts';

const { add, cast, clip, div, exp, greater, less, maximum, minimum, mul, power, sub, where } =
  elementwise;

/** One or two inputs, an operator that must refuse them, and what its message says besides their shapes. */
interface Refused {
  readonly what: string;
  readonly shapes: readonly Shape[];
  readonly types?: readonly ElementType[];
  readonly build: (a: Value, b: Value) => unknown;
  /** The node's name, and what else the message must hold. */
  readonly names: readonly string[];
}

const refused = (
  what: string,
  shapes: readonly Shape[],
  build: Refused['build'],
  ...names: string[]
): Refused => ({ what, shapes, build, names });

/** The error's code and message, or that there was none. */
function refusal({ shapes, types = [], build }: Refused): { code: string; message: string } {
  const graph = new Graph('refused');
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, types[i] ?? 'float32', shape));
  try {
    build(inputs[0] as Value, inputs[1] as Value);
  } catch (error) {
    if (isBigridError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'accepted', message: '' };
}

const binaries: Readonly<Record<string, (a: Value, b: Value) => Value>> = {
  Add: add,
  Sub: sub,
  Mul: mul,
  Div: div,
  Max: maximum,
  Min: minimum,
  Greater: greater,
  Less: less,
  Pow: power,
};

const convolve = (options: ConvolutionOptions) => (a: Value, b: Value) =>
  convolution(a, b, undefined, options);
const image = [1, 4, 5, 6];

const wrongShapes: readonly Refused[] = [
  ...Object.entries(binaries).map(([operator, build]) =>
    refused(
      operator,
      [
        [2, 3],
        [2, 4],
      ],
      build,
      `${operator}_1`,
    ),
  ),
  refused(
    'sizes of other names',
    [
      ['height', 2],
      ['width', 2],
    ],
    add,
    'Add_1',
  ),
  refused(
    'where',
    [
      [2, 3],
      [2, 4],
    ],
    (a, b) => where(greater(a, 0), a, b),
    'Where_1',
  ),
  refused('a condition', [[2, 3], [4]], (a, b) => where(greater(a, 0), b, 1), 'Where_1'),
  refused(
    'matMul',
    [
      [2, 3],
      [4, 2],
    ],
    matMul,
    'MatMul_1',
  ),
  refused('matMul of vectors', [[3], [3]], matMul, 'MatMul_1'),
  refused(
    'matMul of batches',
    [
      [2, 1, 3],
      [5, 3, 4],
    ],
    matMul,
    'MatMul_1',
    '[2] and [5]',
  ),
  refused('channels', [image, [8, 3, 1, 1]], convolve({}), 'Conv_1'),
  refused('channels of a group', [image, [8, 4, 1, 1]], convolve({ groups: 2 }), 'Conv_1', 'i / 2'),
  refused('outputs of a group', [image, [3, 2, 1, 1]], convolve({ groups: 2 }), 'Conv_1'),
  refused(
    'three axes',
    [
      [4, 5, 6],
      [8, 4, 1, 1],
    ],
    convolve({}),
    'Conv_1',
  ),
  refused('a kernel beyond the image', [image, [8, 4, 7, 7]], convolve({}), 'Conv_1'),
  refused('a reach beyond it', [image, [8, 4, 3, 3]], convolve({ dilation: 3 }), 'dilation 3'),
  refused(
    'a bias',
    [image, [8]],
    (a, b) => convolution(a, a.graph.constant(float32([4, 4, 1, 1], Array(16).fill(1))), b),
    'Conv_1',
    '[4, 4, 1, 1]',
  ),
  refused(
    'SAME padding of a dilated kernel',
    [image, [8, 4, 3, 3]],
    convolve({ padding: 'same', dilation: 2 }),
    'Conv_1',
    'dilation 2',
  ),
  refused('a stride of nothing', [image, [8, 4, 3, 3]], convolve({ stride: 0 }), 'Conv_1'),
  refused('reshape', [[2, 3]], (a) => reshape(a, [4, 2]), 'Reshape_1', '[4, 2]'),
  refused('a rest that is not whole', [[2, 3]], (a) => reshape(a, [4, -1]), 'Reshape_1', '[4, -1]'),
  refused('negative sizes', [[2, 3]], (a) => reshape(a, [-2, -3]), 'Reshape_1', '[-2, -3]'),
  refused('reshape of an open size', [['n', 3]], (a) => reshape(a, [3, -1]), 'Reshape_1'),
  refused('too few axes', [[2, 3]], (a) => transpose(a, [0]), 'Transpose_1', '[0]'),
  refused('one axis twice', [[2, 3]], (a) => transpose(a, [1, -1]), 'Transpose_1', '[1, -1]'),
  refused('an axis too many', [[2, 3]], (a) => transpose(a, [0, 2]), 'Transpose_1', 'received 2'),
  refused(
    'concat',
    [
      [2, 3],
      [4, 3],
    ],
    (a, b) => concat([a, b], 1),
    'Concat_1',
    'axis 1',
  ),
  refused('concat of ranks', [[2, 3], [2]], (a, b) => concat([a, b], 0), 'Concat_1'),
  refused('concat of an axis', [[2, 3]], (a) => concat([a], 2), 'Concat_1', 'received 2'),
  refused('slice beyond', [[2, 3]], (a) => slice(a, 1, 1, 4), 'Slice_1', '[1, 4)'),
  refused('slice before', [[2, 3]], (a) => slice(a, 1, -1, 2), 'Slice_1', '[-1, 2)'),
  refused('an empty slice', [[2, 3]], (a) => slice(a, 1, 2, 2), 'Slice_1', '[2, 2)'),
  refused('half an element', [[2, 3]], (a) => slice(a, 1, 0.5, 2), 'Slice_1', '[0.5, 2)'),
  refused('slice of an axis', [[2, 3]], (a) => slice(a, -3, 0, 1), 'Slice_1', 'received -3'),
  refused('pad of ranks', [[2, 3]], (a) => pad(a, [1], [1, 0]), 'Pad_1', '[1] and [1, 0]'),
  refused('pad by less', [[2, 3]], (a) => pad(a, [0, -1], [0, 1]), 'Pad_1', '[0, -1] and [0, 1]'),
  refused('expand', [[2, 3]], (a) => expand(a, [2, 6]), 'Expand_1', '[2, 6]'),
  refused('expand to less', [[2, 3]], (a) => expand(a, [1, 3]), 'Expand_1', '[1, 3]'),
  ...Object.entries({ ReduceSum: reduceSum, ReduceMean: reduceMean, ReduceMax: reduceMax }).flatMap(
    ([operator, reduce]) => [
      refused(
        `an axis of ${operator}`,
        [[2, 3]],
        (a) => reduce(a, { axes: [2] }),
        `${operator}_1`,
        '2',
      ),
      refused(
        `${operator} twice`,
        [[2, 3]],
        (a) => reduce(a, { axes: [1, -1] }),
        `${operator}_1`,
        '[1, 1]',
      ),
    ],
  ),
  refused('resize', [[5, 6, 3]], (a) => resize(a, [2, 2], 'nhwc', true), 'Resize_1', '[2, 2]'),
  refused(
    'resize to nothing',
    [image],
    (a) => resize(a, [0, 2], 'nchw', true),
    'Resize_1',
    '[0, 2]',
  ),
  refused('averagePool', [[5, 6]], (a) => averagePool(a, 3), 'AveragePool_1', '[3, 3]'),
  refused('an even window', [image], (a) => averagePool(a, 2), 'AveragePool_1', '[2, 2]'),
];

const half = ['float32', 'float16'] as const;
const wrongTypes: readonly Refused[] = [
  ...Object.entries(binaries).map(([operator, build]) =>
    refused(operator, [[2], [2]], build, `${operator}_1`),
  ),
  refused('exp of bytes', [[2]], exp, 'Exp_1'),
  refused('where', [[2], [2]], (a, b) => where(greater(a, 0), a, b), 'Where_1'),
  refused('a condition', [[2], [2]], (a, b) => where(b, a, a), 'Where_1', 'bool'),
  refused('clip', [[2]], (a) => clip(a, 0, 1), 'Clip_1'),
  refused(
    'matMul',
    [
      [2, 2],
      [2, 2],
    ],
    matMul,
    'MatMul_1',
  ),
  refused('concat', [[2], [2]], (a, b) => concat([a, b], 0), 'Concat_1'),
  refused('convolution', [image, [1, 4, 1, 1]], convolve({}), 'Conv_1'),
].map((one) => ({ ...one, types: one.shapes.length === 1 ? ['uint8'] : half }));

describe('a wrong shape is refused where it is written, naming the node and the shapes', () => {
  test.each(wrongShapes)('$what', (one) => {
    const { code, message } = refusal(one);
    expect(code).toBe('GRAPH_SHAPE_MISMATCH');
    for (const name of one.names) expect(message).toContain(name);
    for (const shape of one.shapes) {
      // A message about the leading axes of a product gives those alone.
      if (!one.what.includes('batches')) expect(message).toContain(formatShape(shape));
    }
  });

  test('within a scope, and after other nodes, the node has its full name', () => {
    const graph = new Graph('scopes');
    const [a, b] = [graph.input('a', 'float32', [2]), graph.input('b', 'float32', [3])];
    const build = () => graph.scope('part', () => add(mul(add(a, 1), 2), b) && add(a, b));
    expect(build).toThrow('Expected shapes that broadcast for part/Add_2 but received [2] and [3]');
  });
});

describe('a wrong element type is refused where it is written, naming the node and the values', () => {
  test.each(wrongTypes)('$what', (one) => {
    const { code, message } = refusal(one);
    expect(code).toBe('GRAPH_TYPE_MISMATCH');
    for (const name of one.names) expect(message).toContain(name);
    expect(message).toMatch(/x\d \((float32|float16|uint8) \[/);
  });

  test('two numbers make no node', () => {
    expect(() => add(1, 2)).toThrow(/received two numbers/);
  });

  test('the same type needs no cast', () => {
    const x = new Graph('casts').input('x', 'float32', [2]);
    expect(cast(x, 'float32')).toBe(x);
  });
});
