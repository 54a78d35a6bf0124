import type { Graph, Value } from './graph.ts';
import { add, div, minimum, mul, power, sqrt, square, sub } from './operators/elementwise.ts';
import { reshape } from './operators/layout.ts';
import { reduceSum } from './operators/reduce.ts';

/** One trained tensor with its optimiser state, all of the same shape. */
export interface Trainable {
  readonly name: string;
  readonly value: Value;
  readonly firstMoment: Value;
  readonly secondMoment: Value;
  /** This group's learning rate as a multiple of the step's. */
  readonly learningRateScale: number;
}

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: the weight shrinks by learning rate * decay. */
  readonly weightDecay: number;
  /** Gradients are scaled down together so that their global L2 norm is at most this. */
  readonly clipNorm: number;
}

export const adamWDefaults: AdamWOptions = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  clipNorm: 1,
};

/**
 * AdamW (Loshchilov & Hutter 2019) as a graph, numerically the same as PyTorch's with `clip_grad_norm_` before it:
 *
 *     g <- g * min(1, clipNorm / (|all g| + 1e-6))
 *     m <- beta1 m + (1 - beta1) g
 *     v <- beta2 v + (1 - beta2) g^2
 *     w <- w (1 - lr decay) - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *
 * @param step scalar float32, 1 for the first step
 * @param learningRate scalar float32
 * @returns the new value and moments of each trainable, in order
 */
export function adamW(
  graph: Graph,
  trainables: readonly Trainable[],
  gradientOf: readonly Value[],
  step: Value,
  learningRate: Value,
  options: AdamWOptions,
): { value: Value; firstMoment: Value; secondMoment: Value }[] {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = options;
  return graph.scope('adamW', () => {
    const norm = sqrt(
      gradientOf.map((g) => reduceSum(square(g), { keepDimensions: false })).reduce(add),
    );
    const clip = minimum(div(clipNorm, add(norm, 1e-6)), 1);
    const correction1 = sub(1, power(graph.constant(beta1), step));
    const correction2 = sqrt(sub(1, power(graph.constant(beta2), step)));
    // ONNX Runtime is some twenty times slower at [176, 176, 1, 1] times a scalar than at [30976] times one; but
    // reshaping an input copies it, which large tables, of two axes, are spared.
    const flat = (x: Value) => (x.shape.length > 2 ? reshape(x, [-1]) : x);
    return trainables.map((trainable, index) => {
      const g = mul(flat(gradientOf[index] as Value), clip);
      const firstMoment = add(mul(flat(trainable.firstMoment), beta1), mul(g, 1 - beta1));
      const secondMoment = add(mul(flat(trainable.secondMoment), beta2), mul(square(g), 1 - beta2));
      const rate = mul(learningRate, trainable.learningRateScale);
      // lr (m / c1) / (sqrt(v) / c2 + eps) with the scalars combined, to save passes over large tables.
      const denominator = add(sqrt(secondMoment), mul(correction2, epsilon));
      const change = mul(div(firstMoment, denominator), div(mul(rate, correction2), correction1));
      const kept = mul(flat(trainable.value), sub(1, mul(rate, weightDecay)));
      const shaped = (x: Value) => reshape(x, trainable.value.shape);
      return {
        value: shaped(sub(kept, change)),
        firstMoment: shaped(firstMoment),
        secondMoment: shaped(secondMoment),
      };
    });
  });
}
