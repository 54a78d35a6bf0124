import { isBigridError } from '@bigrid/errors';
import { describe, expect, test } from 'vitest';
import { compositeCases, type GradientCase, gradientCases } from '../testing/gradient-cases.ts';
import { engine, numbersOf, randomTensor, runGraph, seededRandom } from '../testing/run-graph.ts';
import type { Session } from './engine.ts';
import { differentiableOperators, gradients } from './gradients.ts';
import { Graph, type Value } from './graph.ts';
import { toModel } from './model.ts';
import { convolution } from './operators/convolution.ts';
import * as elementwise from './operators/elementwise.ts';
import { averagePool } from './operators/image.ts';
import { reduceMax, reduceSum } from './operators/reduce.ts';
import { float32, type Tensor } from './tensor.ts';

const { cast, greater, less, maximum, minimum, mul, power, sign, square, stopGradient } =
  elementwise;

/** Half the distance between the two points of a central difference: small, and exact in float32. */
const STEP = 1 / 128;
/** Largest error, as a share of the gradient's largest element. */
const TOLERANCE = 2e-3;

/** Operators that stop a gradient on purpose. */
const stops: Readonly<Record<string, (x: Value) => Value>> = {
  Identity: stopGradient,
  Sign: sign,
  Greater: (x) => cast(greater(x, 0), 'float32'),
  Less: (x) => cast(less(x, 0), 'float32'),
};

/** The element of `values` at `index` moved by `by`, all others as they were. */
function moved(value: Tensor<'float32'>, index: number, by: number): Tensor<'float32'> {
  const data = value.data.slice();
  data[index] = (data[index] as number) + by;
  return { ...value, data };
}

function draw(one: GradientCase, random: () => number): Tensor<'float32'>[] {
  const [low, high] = one.range ?? [-1.5, 1.5];
  const awayFromKinks = (x: number) => {
    const kink = one.kinks?.find((at) => Math.abs(x - at) < 1 / 16);
    return kink === undefined ? x : kink + 1 / 8;
  };
  return one.shapes.map((shape) => {
    const value = randomTensor(shape, random, low, high);
    return { ...value, data: value.data.map(awayFromKinks) };
  });
}

/** Central difference of sum(weights * y), summed in float64: y's untouched elements cancel exactly. */
async function difference(
  session: Session,
  inputs: readonly Tensor<'float32'>[],
  weights: Float32Array,
  at: number,
  index: number,
): Promise<number> {
  const yAt = async (by: number) => {
    const feeds = inputs.map((value, i) => [`x${i}`, i === at ? moved(value, index, by) : value]);
    return numbersOf(await session.run(Object.fromEntries(feeds)), 'y');
  };
  const [above, below] = [await yAt(STEP), await yAt(-STEP)];
  return (
    weights.reduce(
      (sum, weight, j) => sum + weight * ((above[j] as number) - (below[j] as number)),
      0,
    ) /
    (2 * STEP)
  );
}

async function checkCase(one: GradientCase): Promise<void> {
  const random = seededRandom(7);
  const graph = new Graph('gradients');
  const inputs = one.shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
  const y = one.build(...inputs);
  const weights = randomTensor(y.shape as number[], random, 0.25, 1.5);
  const loss = reduceSum(mul(y, graph.constant(weights)));
  graph.output('y', y);
  gradients(loss, inputs).forEach((gradient, i) => {
    expect(gradient.shape).toEqual(one.shapes[i]);
    graph.output(`gradient${i}`, gradient);
  });
  const session = await engine.load(toModel(graph));
  const values = draw(one, random);
  const outputs = await session.run(Object.fromEntries(values.map((value, i) => [`x${i}`, value])));
  let largest = 0;
  for (const [i, value] of values.entries()) {
    const analytic = numbersOf(outputs, `gradient${i}`);
    const numeric: number[] = [];
    for (let index = 0; index < value.data.length; index++) {
      numeric.push(await difference(session, values, weights.data, i, index));
    }
    const scale = Math.max(...numeric.map(Math.abs));
    largest = Math.max(largest, scale);
    const worst = Math.max(...numeric.map((n, index) => Math.abs(n - (analytic[index] as number))));
    expect(worst / (scale || 1), `error of input ${i}`).toBeLessThan(TOLERANCE);
  }
  expect(largest, 'the largest slope').toBeGreaterThan(0);
  await session.dispose();
}

describe('the gradient of every operator agrees with finite differences', () => {
  for (const operator of differentiableOperators) {
    if (operator in stops) continue;
    const cases = gradientCases[operator] ?? [];
    test(`${operator} has an expression to check`, () => {
      expect(cases.length).toBeGreaterThan(0);
      for (const one of cases) {
        const graph = new Graph('operators');
        one.build(...one.shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape)));
        expect(graph.nodes.map((node) => node.operator)).toContain(operator);
      }
    });
    for (const one of cases) test(one.what, () => checkCase(one));
  }
});

describe('a gradient written by hand agrees with finite differences', () => {
  for (const one of compositeCases) test(one.what, () => checkCase(one));
});

describe('where no gradient flows', () => {
  const x = () => new Graph('stops').input('x', 'float32', [3]);
  const noGradient = (build: (x: Value) => Value) => {
    const value = x();
    try {
      gradients(reduceSum(build(value)), [value]);
    } catch (error) {
      return isBigridError(error, 'GRAPH_NO_GRADIENT') ? error.message : error;
    }
    return 'a gradient';
  };

  test.each(Object.entries(stops))('%s stops it', (operator, build) => {
    expect(differentiableOperators).toContain(operator);
    expect(noGradient(build)).toMatch(/no gradient reaches it/);
  });

  test('a cast to whole numbers stops it, also on the way back to float32', () => {
    expect(noGradient((value) => cast(cast(value, 'int32'), 'float32'))).toMatch(
      /no gradient reaches/,
    );
  });

  test.each([
    ['Max', (value: Value) => maximum(value, 0)],
    ['Min', (value: Value) => minimum(value, 0)],
    ['ReduceMax', (value: Value) => reduceMax(value)],
  ])('%s has none, and the message names the node', (operator, build) => {
    expect(noGradient(build)).toBe(
      `Expected an operator with a gradient for ${operator}_1 but received ${operator}`,
    );
  });

  test.each([
    [
      'SAME padding',
      [1, 4, 3, 3],
      { padding: 'same' },
      /explicit padding for the gradient of Conv_1/,
    ],
    ['a few groups', [4, 2, 3, 3], { groups: 2 }, /one group, or one per channel/],
  ] as const)('a convolution with %s has none', (_, kernel, options, message) => {
    const graph = new Graph('convolutions');
    const image = graph.input('x', 'float32', [1, 4, 5, 5]);
    const weight = graph.input('w', 'float32', kernel);
    const loss = reduceSum(convolution(image, weight, undefined, options));
    expect(() => gradients(loss, [weight])).toThrow(message);
  });

  test('an exponent has none, also where another path would reach it', () => {
    expect(noGradient((value) => mul(value, power(2 as unknown as Value, value)))).toMatch(
      /constant exponent for the gradient of Pow_1/,
    );
  });

  test('a value that the loss does not depend on is named', () => {
    const graph = new Graph('apart');
    const [a, b] = [graph.input('a', 'float32', [2]), graph.input('b', 'float32', [2])];
    expect(() => gradients(reduceSum(a), [b])).toThrow(/depend on b \(float32 \[2\]\)/);
  });
});

describe('which values can be differentiated by', () => {
  test('one made by an operator without a rule', async () => {
    const graph = new Graph('inner');
    const x = graph.input('x', 'float32', [1, 1, 2, 2]);
    const pooled = averagePool(x, 1);
    graph.output('g', gradients(reduceSum(square(pooled)), [pooled])[0] as Value);
    const outputs = await runGraph(graph, { x: float32([1, 1, 2, 2], [1, 2, 3, 4]) });
    expect(numbersOf(outputs, 'g')).toEqual([2, 4, 6, 8]);
  });

  test('the loss itself, and one value used along several paths', async () => {
    const graph = new Graph('paths');
    const x = graph.input('x', 'float32', [2]);
    const y = mul(x, 3);
    const loss = reduceSum(elementwise.add(elementwise.add(square(y), y), x), {
      keepDimensions: false,
    });
    gradients(loss, [loss, y, x]).forEach((g, i) => {
      graph.output(`g${i}`, g);
    });
    const outputs = await runGraph(graph, { x: float32([2], [1, -2]) });
    expect(numbersOf(outputs, 'g0')).toEqual([1]);
    expect(numbersOf(outputs, 'g1')).toEqual([7, -11]);
    expect(numbersOf(outputs, 'g2')).toEqual([22, -32]);
  });

  test('a loss of more than one number, or of another type, is refused', () => {
    const graph = new Graph('losses');
    const x = graph.input('x', 'float32', [2]);
    expect(() => gradients(x, [x])).toThrow(/one number for the loss but received x/);
    const half = reduceSum(cast(x, 'float16'));
    expect(() => gradients(half, [x])).toThrow(/float32 for the loss/);
  });
});
