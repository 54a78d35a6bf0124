import { type Graph, sizeOf, type Tensors, toModel } from '@bigrid/graph';
import { runModel } from '../../graph/testing/run-graph.ts';
import { Random } from '../src/random.ts';

export { engine, numbersOf } from '../../graph/testing/run-graph.ts';

/** Runs a graph of the package `graph` as it is built: its sources' own would be another class. */
export function runGraph(graph: Graph, inputs: Tensors = {}): Promise<Tensors> {
  return runModel(toModel(graph), inputs);
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
