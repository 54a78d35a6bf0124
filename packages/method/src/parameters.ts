import { fail } from '@bigrid/errors';
import {
  cast,
  float32ToFloat16,
  type Graph,
  sizeOf,
  type Tensor,
  tensor,
  type Value,
} from '@bigrid/graph';
import type { Random } from './random.ts';

/** Draws the initial values of a parameter. */
export type Initialiser = (random: Random, size: number) => Float32Array;

/** A trained tensor: its name, its shape, its initial values. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** `table`: a grid's entries, with their own learning rate. `weight`: the rest. `statistic`: running means, without gradients. */
  readonly kind: 'table' | 'weight' | 'statistic';
  readonly initialise: Initialiser;
}

/** The trained values by name. */
export type ParameterValues = Map<string, Tensor<'float32'>>;

/**
 * Where the forward pass gets its parameters from. The same code that declares them builds the training step
 * (parameters are inputs, values come later) and the bundle (parameters are initialisers).
 */
export interface ParameterSource {
  readonly graph: Graph;
  /** True in a training step: batch norms use the batch and keep running statistics. */
  readonly training: boolean;
  get(parameter: Parameter): Value;
  /** In a training step: sets the next value of a statistic. */
  update(name: string, value: Value): void;
}

/** Parameters as inputs: of a training step, or of a graph that shows what it has learned so far. */
export class TrainedParameters implements ParameterSource {
  readonly graph: Graph;
  readonly training: boolean;
  readonly declared = new Map<string, { parameter: Parameter; value: Value }>();
  readonly updates = new Map<string, Value>();

  constructor(graph: Graph, training = true) {
    this.graph = graph;
    this.training = training;
  }

  get(parameter: Parameter): Value {
    const known = this.declared.get(parameter.name);
    if (known) return known.value;
    const value = this.graph.input(parameter.name, 'float32', parameter.shape);
    this.declared.set(parameter.name, { parameter, value });
    return value;
  }

  update(name: string, value: Value): void {
    this.updates.set(name, value);
  }
}

/** Parameters as initialisers with fixed values. Tables are stored in half precision on request. */
export class FixedParameters implements ParameterSource {
  readonly graph: Graph;
  readonly training = false;
  readonly #values: ParameterValues;
  readonly #tablePrecision: 'float32' | 'float16';
  readonly #known = new Map<string, Value>();

  constructor(
    graph: Graph,
    values: ParameterValues,
    tablePrecision: 'float32' | 'float16' = 'float32',
  ) {
    this.graph = graph;
    this.#values = values;
    this.#tablePrecision = tablePrecision;
  }

  get(parameter: Parameter): Value {
    const known = this.#known.get(parameter.name);
    if (known) return known;
    const trained = this.#values.get(parameter.name);
    if (!trained || trained.shape.join() !== parameter.shape.join()) {
      return fail(
        'BUNDLE_INVALID',
        `Expected a parameter ${parameter.name} of shape [${parameter.shape.join(', ')}] but received ${trained ? `[${trained.shape.join(', ')}]` : 'none'}`,
      );
    }
    const half = parameter.kind === 'table' && this.#tablePrecision === 'float16';
    const stored = half
      ? tensor('float16', trained.shape, float32ToFloat16(trained.data))
      : trained;
    const value = cast(this.graph.initialiser(parameter.name, stored), 'float32');
    this.#known.set(parameter.name, value);
    return value;
  }

  update(): void {}
}

/** The initial values of a parameter, independent of what else is declared. */
export function initialValue(parameter: Parameter, random: Random): Tensor<'float32'> {
  const draw = random.fork(parameter.name);
  return tensor('float32', parameter.shape, parameter.initialise(draw, sizeOf(parameter.shape)));
}

/** Uniform in +-1/sqrt(fanIn): what PyTorch gives linear and convolution layers. */
export const uniformByFanIn =
  (fanIn: number): Initialiser =>
  (random, size) => {
    const bound = 1 / Math.sqrt(fanIn);
    return random.array(size, () => random.uniform(-bound, bound));
  };

/** Normal with variance 2 / (fanIn + fanOut) (Glorot & Bengio 2010). */
export const xavierNormal =
  (fanIn: number, fanOut: number): Initialiser =>
  (random, size) => {
    const deviation = Math.sqrt(2 / (fanIn + fanOut));
    return random.array(size, () => deviation * random.normal());
  };

export const constantInitialiser =
  (value: number): Initialiser =>
  (_, size) =>
    new Float32Array(size).fill(value);
