import { type Engine, type Graph, sizeOf, type Tensors, toModel } from '@bigrid/graph';
import { onnxRuntimeEngine } from '@bigrid/node';
import { Random } from '../src/random.ts';

export const engine: Engine = onnxRuntimeEngine({ threads: 1 });

/** Runs a graph once on ONNX Runtime. */
export async function runGraph(graph: Graph, inputs: Tensors = {}): Promise<Tensors> {
  const session = await engine.load(toModel(graph));
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

/** The largest distance between two lists; infinite where their lengths differ or one holds NaN. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    const apart = Math.abs((actual[i] as number) - (expected[i] as number));
    if (!(apart <= largest)) largest = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
  }
  return largest;
}

/** Normal numbers, the same in every run. */
export function normals(shape: readonly number[], seed: number, deviation = 1): Float32Array {
  const random = new Random(seed).fork('test data');
  return random.array(sizeOf(shape), () => deviation * random.normal());
}
