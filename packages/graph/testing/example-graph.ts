import { Graph } from '../src/graph.ts';
import { convolution } from '../src/operators/convolution.ts';
import { add, clip, mul, relu } from '../src/operators/elementwise.ts';
import { reduceMean } from '../src/operators/reduce.ts';
import { float32, tensor } from '../src/tensor.ts';

/** A small model with weights of two types, a scalar, a vector, an empty tensor, and nodes that lead nowhere. */
export function exampleGraph(): Graph {
  const graph = new Graph('example');
  const image = graph.input('image', 'float32', ['batch', 2, 4, 4]);
  const weight = graph.initialiser('weight', float32([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
  const scale = graph.initialiser('scale', float32([], [0.5]));
  graph.initialiser('unused', float32([2], [1, 2]));
  const features = graph.scope('features', () => mul(relu(convolution(image, weight)), scale));
  graph.scope('dead', () => add(clip(features, 0, 1), 3));
  graph.output('score', reduceMean(features, { axes: [1, 2, 3], keepDimensions: false }));
  const counts = graph.initialiser(
    'counts',
    tensor('int64', [2], BigInt64Array.of(-1n, 2n ** 40n)),
  );
  graph.output('counts_again', counts);
  return graph;
}
