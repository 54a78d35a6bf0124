import { float32, Graph } from '@bigrid/graph';
import { expect, test } from 'vitest';
import { distance, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import { fuse } from './fusion.ts';
import { FixedParameters, initialValue, TrainedParameters } from './parameters.ts';
import { Random } from './random.ts';

const shape = [2, 3, 2, 2];
const [normal, abnormal] = [normals(shape, 1), normals(shape, 2)];

test('fusion is normal + w * abnormal', async () => {
  const graph = new Graph('fusion');
  const source = new FixedParameters(graph, new Map([['fusion.weight', float32([], [0.7])]]));
  const [a, b] = [normal, abnormal].map((data) => graph.constant(float32(shape, data)));
  graph.output('fused', fuse(source, a as never, b as never));
  const expected = normal.map((value, i) => value + 0.7 * (abnormal[i] as number));
  expect(distance(numbersOf(await runGraph(graph), 'fused'), expected)).toBeLessThan(1e-6);
});

test('the weight of fusion starts at -0.2', () => {
  const graph = new Graph('fusion');
  const source = new TrainedParameters(graph);
  fuse(source, graph.input('a', 'float32', shape), graph.input('b', 'float32', shape));
  const [declared] = [...source.declared.values()];
  const start = declared && initialValue(declared.parameter, new Random(0));
  expect(start).toEqual(float32([], [-0.2]));
});
