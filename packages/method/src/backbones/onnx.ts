import { fail, isBigridError } from '@bigrid/errors';
import {
  type Engine,
  type ForeignModel,
  formatShape,
  Graph,
  importModel,
  readForeignModel,
  type Tensors,
  toModel,
  type Value,
  zeros,
} from '@bigrid/graph';
import { type Backbone, imageNet, type Tap } from './backbone.ts';

export interface OnnxBackboneOptions {
  readonly engine: Engine;
  readonly name: string;
  /** Names of values in the model, or of nodes, which stand for their first output. */
  readonly taps: readonly Tap[];
  /** Side of its input images, in pixels. */
  readonly inputSize: number;
}

/** Keys of the model's `metadata_props` that are read. */
const metadataKeys = {
  mean: 'bigrid.mean',
  deviation: 'bigrid.deviation',
  licence: 'bigrid.licence',
} as const;

/** Prefix of the names of everything in a graph that comes from the backbone. */
const PREFIX = 'backbone.';

/**
 * A backbone from any ONNX model that takes one image, float32 [1, 3, size, size]: its nodes up to the taps become
 * part of our graphs. It is run once on a black image, to make sure that it runs and to find the shapes of its taps.
 *
 * Normalisation is read from the model's metadata, `bigrid.mean` and `bigrid.deviation`: three numbers each, for
 * images of 0..255; the default is ImageNet's. The licence is read from `bigrid.licence`.
 * @throws WEIGHTS_INVALID if the file is not a model, or one that cannot be imported or run; OPTION_INVALID for an
 *   unknown tap, or one that is not [1, channels, height, width]
 */
export async function onnxBackbone(
  bytes: Uint8Array,
  { engine, name, taps, inputSize }: OnnxBackboneOptions,
): Promise<Backbone> {
  const model = readForeignModel(bytes);
  const wanted = taps.map(String);
  const shapes = await shapesOf(model, wanted, inputSize, engine, name);
  return {
    name,
    licence: model.metadata.get(metadataKeys.licence) ?? 'unknown',
    mean: threeNumbers(model, metadataKeys.mean) ?? imageNet.mean,
    deviation: threeNumbers(model, metadataKeys.deviation) ?? imageNet.deviation,
    // The model is run at this size anyway, and says if it cannot.
    stride: 1,
    tapCount: wanted.length,
    taps(image, again) {
      const values = importModel(model, image, again.map(String), PREFIX);
      return again.map((tap, at) => {
        const shape = shapes.get(String(tap));
        if (shape) return shaped(values[at] as Value, shape);
        return fail(
          'OPTION_INVALID',
          `Expected taps among ${wanted.join(', ')}, with which ${name} was opened, but received ${tap}`,
        );
      });
    },
  };
}

/** The same value with a known shape. */
function shaped(value: Value, shape: readonly number[]): Value {
  return value.graph.node('Identity', [value], {}, 'float32', shape);
}

/** Runs the model up to its taps. @returns their shapes */
async function shapesOf(
  model: ForeignModel,
  taps: readonly string[],
  size: number,
  engine: Engine,
  name: string,
): Promise<Map<string, readonly number[]>> {
  const graph = new Graph('shapes');
  const image = graph.input('image', 'float32', [1, 3, size, size]);
  for (const [at, value] of importModel(model, image, taps, PREFIX).entries()) {
    graph.output(`shape${at}`, graph.node('Shape', [value], {}, 'int64', ['rank']));
    // Declared as float32: the engine rejects a tap of another type. Outputs have to be computed in full.
    graph.output(`highest${at}`, graph.node('ReduceMax', [value], { keepdims: 0 }, 'float32', []));
  }
  const outputs = await runOnce(
    graph,
    { image: zeros('float32', [1, 3, size, size]) },
    engine,
    name,
  );
  return new Map(
    taps.map((tap, at) => {
      const shape = Array.from((outputs[`shape${at}`]?.data ?? []) as BigInt64Array, Number);
      if (shape.length !== 4 || shape[0] !== 1 || !shape.every((length) => length > 0)) {
        fail(
          'OPTION_INVALID',
          `Expected a value of shape [1, channels, height, width] for tap ${tap} but received ${formatShape(shape)}`,
        );
      }
      return [tap, shape];
    }),
  );
}

async function runOnce(
  graph: Graph,
  inputs: Tensors,
  engine: Engine,
  name: string,
): Promise<Tensors> {
  try {
    const session = await engine.load(toModel(graph));
    try {
      return await session.run(inputs);
    } finally {
      await session.dispose();
    }
  } catch (cause) {
    if (!isBigridError(cause, 'ENGINE_FAILED')) throw cause;
    return fail(
      'WEIGHTS_INVALID',
      `Expected a model that runs on images ${formatShape(inputs.image?.shape ?? [])} for backbone ${name} but received: ${cause.message}`,
      { cause },
    );
  }
}

function threeNumbers(
  { metadata }: ForeignModel,
  key: string,
): readonly [number, number, number] | undefined {
  const text = metadata.get(key);
  if (text === undefined) return undefined;
  const numbers = text
    .replaceAll(/[[\]\s]/g, '')
    .split(',')
    .map(Number);
  const positive = key !== metadataKeys.deviation || numbers.every((value) => value > 0);
  if (numbers.length === 3 && numbers.every(Number.isFinite) && positive) {
    return numbers as [number, number, number];
  }
  return fail(
    'WEIGHTS_INVALID',
    `Expected three numbers, deviations above 0, for ${key} in the model's metadata but received ${text}`,
  );
}
