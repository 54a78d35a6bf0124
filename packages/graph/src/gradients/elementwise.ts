import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import {
  cast,
  div,
  greater,
  less,
  mul,
  neg,
  power,
  sign,
  square,
  sub,
  where,
} from '../operators/elementwise.ts';
import { sumTo } from '../operators/reduce.ts';
import type { ElementType } from '../tensor.ts';
import { type GradientRule, inputOf } from './rule.ts';

const isFloat = (type: ElementType): boolean => type === 'float32' || type === 'float16';
const toShapeOf = (gradient: Value, input: Value): Value => sumTo(gradient, input.shape);

export const elementwiseGradients: Readonly<Record<string, GradientRule>> = {
  Add: (node, g) => node.inputs.map((input) => () => toShapeOf(g, input as Value)),
  Sub: (node, g) => [
    () => toShapeOf(g, inputOf(node, 0)),
    () => neg(toShapeOf(g, inputOf(node, 1))),
  ],
  Mul: (node, g) => {
    const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
    // x * x has one input twice: 2 g x in one pass instead of two gradients added.
    if (a === b) return [() => mul(mul(g, 2), a), undefined];
    return [() => toShapeOf(mul(g, b), a), () => toShapeOf(mul(g, a), b)];
  },
  Div: (node, g) => {
    const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
    // d(a/b)/db = -(a/b)/b
    return [() => toShapeOf(div(g, b), a), () => toShapeOf(neg(div(mul(g, node.output), b)), b)];
  },
  Pow: (node, g) => {
    const [x, exponent] = [inputOf(node, 0), inputOf(node, 1)];
    return [
      () => toShapeOf(mul(g, mul(exponent, power(x, sub(exponent, 1)))), x),
      () =>
        fail(
          'GRAPH_NO_GRADIENT',
          `Expected a constant exponent for the gradient of ${node.name} but received ${exponent}`,
        ),
    ];
  },
  Neg: (_, g) => [() => neg(g)],
  Abs: (node, g) => [() => mul(g, sign(inputOf(node, 0)))],
  // d sqrt(x) = 1 / (2 sqrt(x))
  Sqrt: (node, g) => [() => div(mul(g, 0.5), node.output)],
  Exp: (node, g) => [() => mul(g, node.output)],
  Log: (node, g) => [() => div(g, inputOf(node, 0))],
  // d tanh = 1 - tanh^2
  Tanh: (node, g) => [() => mul(g, sub(1, square(node.output)))],
  // d sigmoid = s (1 - s)
  Sigmoid: (node, g) => [() => mul(g, mul(node.output, sub(1, node.output)))],
  Relu: (node, g) => [() => where(greater(node.output, 0), g, 0)],
  Clip: (node, g) => {
    const [x, low, high] = [inputOf(node, 0), inputOf(node, 1), inputOf(node, 2)];
    return [() => where(greater(x, low), where(less(x, high), g, 0), 0)];
  },
  Where: (node, g) => {
    const [condition, a, b] = [inputOf(node, 0), inputOf(node, 1), inputOf(node, 2)];
    return [
      undefined,
      () => toShapeOf(where(condition, g, 0), a),
      () => toShapeOf(where(condition, 0, g), b),
    ];
  },
  // Between float types only: rounding to integers is a step function, whose slope is zero.
  Cast: (node, g) => {
    const from = inputOf(node, 0).type;
    return [isFloat(from) && isFloat(g.type) ? () => cast(g, from) : undefined];
  },
  // `stopGradient` and outputs are identities; neither passes a gradient on.
  Identity: () => [undefined],
  Sign: () => [undefined],
  Greater: () => [undefined, undefined],
  Less: () => [undefined, undefined],
};
