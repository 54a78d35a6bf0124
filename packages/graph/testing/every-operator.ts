import { adamW, adamWDefaults } from '../src/adamw.ts';
import { gradients } from '../src/gradients.ts';
import { Graph, type Value } from '../src/graph.ts';
import { convolution } from '../src/operators/convolution.ts';
import { cast, erf, greater, less, maximum, minimum, sign } from '../src/operators/elementwise.ts';
import { averagePool, maxPool, resize } from '../src/operators/image.ts';
import { sliceAt } from '../src/operators/layout.ts';
import { mapItems } from '../src/operators/map-items.ts';
import { layerNormalization, softmax } from '../src/operators/normalisation.ts';
import { reduceMax, reduceSum } from '../src/operators/reduce.ts';
import { gather, largest, scatter } from '../src/operators/select.ts';
import { compositeCases, type GradientCase, gradientCases } from './gradient-cases.ts';

/** One graph with every operator, every gradient, and a step of AdamW: for checkers of ONNX files. */
export function everyOperatorGraph(): Graph {
  const graph = new Graph('every_operator');
  const cases = [...Object.values(gradientCases).flat(), ...compositeCases];
  for (const [at, one] of cases.entries()) graph.scope(`case${at}`, () => addCase(graph, one, at));
  const image = graph.input('image', 'uint8', [1, 'height', 'width', 3]);
  const planes = graph.input('planes', 'float32', ['batch', 4, 7, 6]);
  const weight = graph.input('weight', 'float32', [2, 4, 3, 3]);
  const perColumn = [
    graph.input('scale', 'float32', [6]),
    graph.input('bias', 'float32', [6]),
  ] as const;
  const others: readonly Value[] = [
    resize(image, [16, 12], 'nhwc', true),
    resize(graph.input('plane', 'float32', [1, 1, 4, 4]), [8, 8], 'nchw', false),
    averagePool(planes, 3),
    maxPool(planes, 3, 2, 1),
    convolution(planes, weight, undefined, { stride: 2, padding: 'same' }),
    maximum(planes, 0),
    minimum(planes, 1),
    reduceMax(planes, { axes: [1] }),
    sign(planes),
    erf(planes),
    softmax(planes),
    layerNormalization(planes, ...perColumn, 1e-6),
    greater(planes, 0),
    less(planes, 0),
    cast(cast(planes, 'int32'), 'int64'),
  ];
  const { values, indices } = largest(graph.input('vector', 'float32', [8]), 3);
  const selected = [gather(weight, graph.integers([1])), scatter(values, indices, values)];
  const starts = graph.input('starts', 'int64', ['windows', 2]);
  const windows = mapItems(starts, (at) => [
    sliceAt(planes, [2, 3], at, [3, 2]),
    cast(at, 'float32'),
  ]);
  [...others, ...selected, ...windows].forEach((value, i) => {
    graph.output(`other${i}`, value);
  });
  return graph;
}

function addCase(graph: Graph, { shapes, build }: GradientCase, at: number): void {
  const inputs = shapes.map((shape, i) => graph.input(`x${at}_${i}`, 'float32', shape));
  const found = gradients(reduceSum(build(...inputs)), inputs);
  found.forEach((gradient, i) => {
    graph.output(`gradient${at}_${i}`, gradient);
  });
  if (at > 0) return;
  const trainables = inputs.map((value, i) => ({
    name: `trainable${i}`,
    value,
    firstMoment: value,
    secondMoment: value,
    learningRateScale: 1,
  }));
  const scalar = (name: string) => graph.input(name, 'float32', []);
  const step = adamW(graph, trainables, found, scalar('step'), scalar('rate'), adamWDefaults);
  step.forEach((updated, i) => {
    graph.output(`updated${i}`, updated.value);
  });
}
