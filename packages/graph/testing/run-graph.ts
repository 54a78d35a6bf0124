import { onnxRuntimeEngine } from '@bigrid/node';
import { Random } from '../../method/src/random.ts';
import type { Engine, Tensors } from '../src/engine.ts';
import type { Graph } from '../src/graph.ts';
import { toModel } from '../src/model.ts';
import { float32, sizeOf, type Tensor } from '../src/tensor.ts';

export const engine: Engine = onnxRuntimeEngine({ threads: 1 });

/** Runs a graph once on ONNX Runtime. */
export function runGraph(graph: Graph, inputs: Tensors = {}): Promise<Tensors> {
  return runModel(toModel(graph), inputs);
}

export async function runModel(model: Uint8Array, inputs: Tensors): Promise<Tensors> {
  const session = await engine.load(model);
  try {
    return await session.run(inputs);
  } finally {
    await session.dispose();
  }
}

/** An output's elements as plain numbers. */
export function numbersOf(outputs: Tensors, name: string): number[] {
  const output = outputs[name];
  if (!output) throw new Error(`Expected an output ${name} but received ${Object.keys(outputs)}`);
  return Array.from(output.data as ArrayLike<number>, Number);
}

/** Random numbers in [0, 1) that are the same in every run. */
export function seededRandom(seed: number): () => number {
  const random = new Random(seed);
  return () => random.uniform();
}

/** A tensor of seeded numbers in [low, high), in steps of 1/64, so that float16 holds them exactly too. */
export function randomTensor(
  shape: readonly number[],
  random: () => number,
  low = -1.5,
  high = 1.5,
): Tensor<'float32'> {
  const values = Array.from(
    { length: sizeOf(shape) },
    () => Math.floor((low + (high - low) * random()) * 64) / 64,
  );
  return float32(shape, values);
}
