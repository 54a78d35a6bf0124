import type { Value } from '../src/graph.ts';
import { bilinearRead } from '../src/operators/bilinear-read.ts';
import { convolution } from '../src/operators/convolution.ts';
import * as elementwise from '../src/operators/elementwise.ts';
import { concat, expand, pad, reshape, slice, transpose } from '../src/operators/layout.ts';
import { matMul } from '../src/operators/linear.ts';
import { reduceMean, reduceSum } from '../src/operators/reduce.ts';
import { float32 } from '../src/tensor.ts';

const { abs, add, cast, clip, div, exp, greater, log, mul, neg, power } = elementwise;
const { relu, sigmoid, silu, sqrt, square, sub, tanh, where } = elementwise;

/** A differentiable expression to check against finite differences. */
export interface GradientCase {
  readonly what: string;
  readonly shapes: readonly (readonly number[])[];
  readonly build: (...inputs: Value[]) => Value;
  /** Range of the inputs. Default [-1.5, 1.5). */
  readonly range?: readonly [low: number, high: number];
  /** Inputs stay at least 1/16 away from these, where the function has a kink. */
  readonly kinks?: readonly number[];
}

type Build = GradientCase['build'];
type Options = Pick<GradientCase, 'range' | 'kinks'>;

function expression(
  what: string,
  shapes: GradientCase['shapes'],
  build: Build,
  options: Options = {},
): GradientCase {
  return { what, shapes, build, ...options };
}

/** An operator of one input, on a matrix. */
const unary = (name: string, build: Build, options: Options = {}) => [
  expression(name, [[3, 4]], build, options),
];

/** An operator of two inputs, broadcast in every direction. */
function binary(name: string, build: Build, options: Options = {}): GradientCase[] {
  const directions: readonly (readonly [string, readonly number[], readonly number[]])[] = [
    ['same shapes', [2, 3], [2, 3]],
    ['the right one repeated', [2, 3, 4], [3, 1]],
    ['the left one repeated', [4], [3, 2, 4]],
    ['both repeated', [3, 1], [2, 1, 4]],
    ['a scalar on the left', [], [2, 3]],
    ['a scalar on the right', [2, 3], []],
    ['leading ones', [1, 1, 3], [3]],
  ];
  return directions.map(([how, left, right]) =>
    expression(`${name}, ${how}`, [left, right], build, options),
  );
}

const image = [2, 4, 7, 6];
const convolutions: readonly GradientCase[] = [
  expression('1 x 1', [image, [3, 4, 1, 1]], (x, w) => convolution(x as Value, w as Value)),
  expression('with bias', [image, [3, 4, 3, 3], [3]], (x, w, b) =>
    convolution(x as Value, w as Value, b, { padding: 1 }),
  ),
  // 8 x 6 under a kernel of 3 by steps of 2: no window reads the last row and column.
  expression(
    'stride that skips the far rows',
    [
      [1, 2, 8, 6],
      [3, 2, 3, 3],
    ],
    (x, w) => convolution(x as Value, w as Value, undefined, { stride: 2 }),
  ),
  expression(
    'stride of more than the kernel',
    [
      [1, 2, 9, 8],
      [2, 2, 2, 2],
    ],
    (x, w) => convolution(x as Value, w as Value, undefined, { stride: 3 }),
  ),
  expression('stride and padding', [image, [2, 4, 3, 3]], (x, w) =>
    convolution(x as Value, w as Value, undefined, { stride: 2, padding: 1 }),
  ),
  expression(
    'dilation and padding',
    [
      [1, 2, 7, 6],
      [2, 2, 3, 3],
    ],
    (x, w) => convolution(x as Value, w as Value, undefined, { dilation: 2, padding: 2 }),
  ),
  expression(
    'stride, dilation, padding',
    [
      [2, 2, 8, 7],
      [2, 2, 3, 2],
    ],
    (x, w) =>
      convolution(x as Value, w as Value, undefined, { stride: 2, dilation: 2, padding: 1 }),
  ),
  expression(
    'stride 3, dilation 2',
    [
      [1, 2, 11, 10],
      [2, 2, 3, 3],
    ],
    (x, w) =>
      convolution(x as Value, w as Value, undefined, { stride: 3, dilation: 2, padding: 1 }),
  ),
  expression('depthwise', [image, [4, 1, 3, 3], [4]], (x, w, b) =>
    convolution(x as Value, w as Value, b, { padding: 1, groups: 4 }),
  ),
  expression(
    'depthwise, stride, dilation',
    [
      [2, 3, 8, 9],
      [3, 1, 3, 3],
    ],
    (x, w) =>
      convolution(x as Value, w as Value, undefined, {
        groups: 3,
        stride: 2,
        dilation: 2,
        padding: 2,
      }),
  ),
  expression(
    'oblong kernel',
    [
      [2, 2, 5, 6],
      [3, 2, 2, 3],
    ],
    (x, w) => convolution(x as Value, w as Value, undefined, { padding: 1 }),
  ),
  expression(
    'padding beyond the reach of the kernel',
    [
      [1, 2, 4, 3],
      [2, 2, 2, 2],
    ],
    (x, w) => convolution(x as Value, w as Value, undefined, { padding: 2 }),
  ),
  expression(
    'depthwise, dilation',
    [
      [2, 3, 6, 7],
      [3, 1, 3, 3],
    ],
    (x, w) =>
      convolution(x as Value, w as Value, undefined, { groups: 3, dilation: 2, padding: 2 }),
  ),
  expression(
    'depthwise, oblong kernel',
    [
      [1, 3, 5, 5],
      [3, 1, 2, 3],
    ],
    (x, w) => convolution(x as Value, w as Value, undefined, { groups: 3 }),
  ),
  expression('groups, towards the image', [[1, 4, 6, 5]], (x) => {
    const kernels = [0, 1, 2, 3, 4, 5].map((n) =>
      reshape((x as Value).graph.constant(n - 2.5), [1, 1, 1, 1]),
    );
    const weight = expand(concat(kernels, 0), [6, 2, 3, 3]);
    return convolution(x as Value, weight, undefined, { groups: 2, padding: 1 });
  }),
].map((one) => ({ ...one, what: `convolution, ${one.what}` }));

const cube = [2, 3, 4];
const axes = [0, 1, 2];
const concats = axes.map((axis) =>
  expression(
    `concat along axis ${axis}`,
    [cube, cube.map((n, at) => (at === axis ? 2 : n)), cube],
    (...parts) => concat(parts, axis),
  ),
);
const slices = axes.map((axis) =>
  expression(`slice along axis ${axis}`, [[3, 4, 5]], (x) => slice(x as Value, axis, 1, 3)),
);
const pads = axes.map((axis) => {
  const only = (size: number) => cube.map((_, at) => (at === axis ? size : 0));
  return expression(`pad along axis ${axis}`, [cube], (x) => pad(x as Value, only(1), only(2)));
});

function reductions(name: string, reduce: typeof reduceSum): GradientCase[] {
  return [[0], [1], [-1], [0, 2], [1, 2], [0, 1, 2]].flatMap((over) =>
    [true, false].map((keepDimensions) =>
      expression(`${name} over [${over}], keepDimensions ${keepDimensions}`, [cube], (x) =>
        reduce(x as Value, { axes: over, keepDimensions }),
      ),
    ),
  );
}

const positive = { range: [0.5, 2] } as const;

/** Expressions of several operators whose gradient is partly written by hand. */
export const compositeCases: readonly GradientCase[] = [
  // Resolution 4: cell centres lie at odd multiples of 1/4, where a linear blend has its kinks.
  expression(
    'bilinearRead',
    [
      [16, 3],
      [5, 2],
    ],
    (table, points) => bilinearRead(table as Value, points as Value, 4),
    { kinks: [-1.25, -0.75, -0.25, 0.25, 0.75, 1.25] },
  ),
  expression('bilinearRead at points that are not trained', [[9, 2]], (table) => {
    const points = [-0.9, -0.1, 0.3, 0.8, 1.1, 0.2];
    return bilinearRead(
      table as Value,
      (table as Value).graph.constant(float32([3, 2], points)),
      3,
    );
  }),
];

/** For each operator with a gradient, expressions that go through it. */
export const gradientCases: Readonly<Record<string, readonly GradientCase[]>> = {
  Add: [
    ...binary('add', (a, b) => add(a as Value, b as Value)),
    expression('x + x', [[2, 3]], (x) => add(x as Value, x as Value)),
  ],
  Sub: binary('sub', (a, b) => sub(a as Value, b as Value)),
  Mul: [
    ...binary('mul', (a, b) => mul(a as Value, b as Value)),
    ...unary('square', (x) => square(x as Value)),
    expression('x * x^T', [[3, 3]], (x) => mul(x as Value, transpose(x as Value, [1, 0]))),
  ],
  Div: binary('div', (a, b) => div(a as Value, b as Value), positive),
  Pow: [
    ...unary('power 3', (x) => power(x as Value, 3), { kinks: [0] }),
    ...unary('power -0.5', (x) => power(x as Value, -0.5), positive),
    expression(
      'power by exponents that broadcast',
      [[3, 1]],
      (x) => {
        const value = x as Value;
        const exponents = concat(
          [1, 2, 3].map((n) => reshape(value.graph.constant(n), [1])),
          0,
        );
        return power(value, exponents);
      },
      positive,
    ),
  ],
  Neg: unary('neg', (x) => neg(x as Value)),
  Abs: unary('abs', (x) => abs(x as Value), { kinks: [0] }),
  Sqrt: unary('sqrt', (x) => sqrt(x as Value), positive),
  Exp: unary('exp', (x) => exp(x as Value)),
  Log: unary('log', (x) => log(x as Value), positive),
  Tanh: unary('tanh', (x) => tanh(x as Value)),
  Sigmoid: [
    ...unary('sigmoid', (x) => sigmoid(x as Value)),
    ...unary('silu', (x) => silu(x as Value)),
  ],
  Relu: unary('relu', (x) => relu(x as Value), { kinks: [0] }),
  Clip: unary('clip', (x) => clip(x as Value, -0.5, 0.75), { kinks: [-0.5, 0.75] }),
  Where: binary(
    'where',
    (a, b) => where(greater(a as Value, 0), mul(a as Value, 2), square(b as Value)),
    { kinks: [0] },
  ).concat(
    expression(
      'where with a condition that broadcasts',
      [[3], [2, 1]],
      (a, b) => {
        const condition = greater(expand(a as Value, [2, 4, 3]), 0);
        return where(condition, a as Value, reshape(b as Value, [2, 1, 1]));
      },
      { kinks: [0] },
    ),
  ),
  Cast: unary('cast to float16 and back', (x) => cast(cast(x as Value, 'float16'), 'float32')),
  ReduceSum: reductions('reduceSum', reduceSum),
  ReduceMean: reductions('reduceMean', reduceMean),
  Reshape: unary('reshape', (x) => square(reshape(x as Value, [2, -1, 1]))),
  Transpose: [
    expression('transpose', [[2, 3, 4, 2]], (x) => transpose(x as Value, [2, 0, 3, 1])),
    expression('transpose by axes from the end', [cube], (x) => transpose(x as Value, [-1, 0, -2])),
  ],
  Concat: [
    ...concats,
    expression('one value twice', [[2, 3]], (x) => concat([x as Value, x as Value], -1)),
  ],
  Slice: slices,
  Pad: [
    ...pads,
    expression('pad on every axis', [cube], (x) => pad(x as Value, [1, 0, 2], [0, 3, 1])),
  ],
  Expand: [
    expression('expand', [[3, 1]], (x) => expand(x as Value, [2, 3, 4])),
    expression('expand a scalar', [[]], (x) => expand(x as Value, [2, 3])),
  ],
  MatMul: [
    ['two matrices', [3, 4], [4, 2]],
    ['a batch times a matrix', [2, 3, 4], [4, 2]],
    ['two leading axes times a matrix', [2, 2, 3, 4], [4, 2]],
    ['a matrix times a batch', [3, 4], [2, 4, 2]],
    ['batch by batch', [2, 3, 4], [2, 4, 2]],
    ['batches that broadcast', [2, 1, 3, 4], [3, 4, 2]],
    ['a batch of one', [1, 3, 4], [3, 4, 2]],
  ].map(([what, a, b]) =>
    expression(`matMul, ${what}`, [a as number[], b as number[]], (x, y) =>
      matMul(x as Value, y as Value),
    ),
  ),
  Conv: convolutions,
};
