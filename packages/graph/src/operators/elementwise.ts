import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import { broadcastShapes } from '../shape.ts';
import type { ElementType } from '../tensor.ts';

/** A value, or a number that becomes a float32 scalar of the same graph. */
export type Operand = Value | number;

function lift(value: Operand, other: Operand): Value {
  if (typeof value !== 'number') return value;
  if (typeof other === 'number')
    return fail('GRAPH_TYPE_MISMATCH', 'Expected a value for an operand but received two numbers');
  return other.graph.constant(value);
}

function binary(operator: string, a: Operand, b: Operand, type?: ElementType): Value {
  const left = lift(a, b);
  const right = lift(b, a);
  const { graph } = left;
  const name = graph.nextName(operator);
  if (left.type !== right.type) {
    fail(
      'GRAPH_TYPE_MISMATCH',
      `Expected one element type for ${name} but received ${left} and ${right}`,
    );
  }
  const shape = broadcastShapes(left.shape, right.shape, name);
  return graph.node(operator, [left, right], {}, type ?? left.type, shape);
}

function unary(operator: string, x: Value): Value {
  if (x.type !== 'float32') {
    fail(
      'GRAPH_TYPE_MISMATCH',
      `Expected float32 for ${x.graph.nextName(operator)} but received ${x}`,
    );
  }
  return x.graph.node(operator, [x], {}, x.type, x.shape);
}

/**
 * a + b, with NumPy's broadcasting, as in all operators here that take several values.
 * @throws GRAPH_SHAPE_MISMATCH, GRAPH_TYPE_MISMATCH, as all operators here
 */
export const add = (a: Operand, b: Operand): Value => binary('Add', a, b);
/** a - b */
export const sub = (a: Operand, b: Operand): Value => binary('Sub', a, b);
/** a * b */
export const mul = (a: Operand, b: Operand): Value => binary('Mul', a, b);
/** a / b */
export const div = (a: Operand, b: Operand): Value => binary('Div', a, b);
/** max(a, b). It has no gradient. */
export const maximum = (a: Operand, b: Operand): Value => binary('Max', a, b);
/** min(a, b). It has no gradient. */
export const minimum = (a: Operand, b: Operand): Value => binary('Min', a, b);
/** a > b, as bool */
export const greater = (a: Operand, b: Operand): Value => binary('Greater', a, b, 'bool');
/** a < b, as bool */
export const less = (a: Operand, b: Operand): Value => binary('Less', a, b, 'bool');
/** a^exponent for a constant exponent. */
export const power = (a: Operand, exponent: Operand): Value => binary('Pow', a, exponent);

export const neg = (x: Value): Value => unary('Neg', x);
export const abs = (x: Value): Value => unary('Abs', x);
export const sign = (x: Value): Value => unary('Sign', x);
export const sqrt = (x: Value): Value => unary('Sqrt', x);
export const exp = (x: Value): Value => unary('Exp', x);
export const log = (x: Value): Value => unary('Log', x);
export const tanh = (x: Value): Value => unary('Tanh', x);
export const sigmoid = (x: Value): Value => unary('Sigmoid', x);
export const relu = (x: Value): Value => unary('Relu', x);
/** The error function. It has no gradient. */
export const erf = (x: Value): Value => unary('Erf', x);
/** x * x */
export const square = (x: Value): Value => mul(x, x);
/** x * sigmoid(x), also called swish. */
export const silu = (x: Value): Value => mul(x, sigmoid(x));
/** GELU in its exact form (Hendrycks & Gimpel 2016), in the order in which engines fuse it: x (1 + erf(x / sqrt 2)) / 2 */
export const gelu = (x: Value): Value => mul(mul(x, add(erf(div(x, Math.SQRT2)), 1)), 0.5);

/** x clamped to [low, high]. No gradient flows where it is clamped. */
export function clip(x: Value, low: number, high: number): Value {
  if (x.type !== 'float32' || !(low <= high)) {
    fail(
      'GRAPH_TYPE_MISMATCH',
      `Expected float32 and a range for ${x.graph.nextName('Clip')} but received ${x} and [${low}, ${high}]`,
    );
  }
  return x.graph.node(
    'Clip',
    [x, x.graph.constant(low), x.graph.constant(high)],
    {},
    x.type,
    x.shape,
  );
}

/** `condition` ? a : b, elementwise. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  const { graph } = condition;
  const name = graph.nextName('Where');
  if (condition.type !== 'bool') {
    fail(
      'GRAPH_TYPE_MISMATCH',
      `Expected bool for the condition of ${name} but received ${condition}`,
    );
  }
  const left = typeof a === 'number' ? graph.constant(a) : a;
  const right = typeof b === 'number' ? graph.constant(b) : b;
  if (left.type !== right.type) {
    fail(
      'GRAPH_TYPE_MISMATCH',
      `Expected one element type for ${name} but received ${left} and ${right}`,
    );
  }
  const shape = broadcastShapes(
    condition.shape,
    broadcastShapes(left.shape, right.shape, name),
    name,
  );
  return graph.node('Where', [condition, left, right], {}, left.type, shape);
}

/**
 * Converts to another element type; float16 rounds to nearest even. A gradient flows
 * only between float32 and float16.
 */
export function cast(x: Value, type: ElementType): Value {
  return x.type === type ? x : x.graph.node('Cast', [x], { to: type }, type, x.shape);
}

/** The same value, through which no gradient flows. */
export function stopGradient(x: Value): Value {
  return x.graph.node('Identity', [x], {}, x.type, x.shape);
}
