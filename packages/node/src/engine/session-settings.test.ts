import { availableParallelism } from 'node:os';
import { Graph, resize, toModel } from '@bigrid/graph';
import { expect, test } from 'vitest';
import { settingsFor } from './session-settings.ts';

const graph = new Graph('resized');
const image = graph.input('image', 'float32', [1, 3, 8, 8]);
graph.output('resized', resize(image, [4, 4], 'nchw', true));
const model = toModel(graph);
const [threads, halfPrecision] = [1, true];

test('keeps what CUDA fails on, and what WebGPU does, on the processor', () => {
  const cuda = settingsFor(model, { device: 'cuda', threads, halfPrecision });
  expect(cuda.executionProviders).toEqual(['cuda', 'cpu']);
  expect(cuda.extra).toMatchObject({
    session: { name_based_layer_assignment: 'cpu(Resize_1)' },
  });
  const webgpu = settingsFor(model, { device: 'webgpu', threads, halfPrecision });
  const [provider] = webgpu.executionProviders;
  expect(provider).toMatchObject({ name: 'webgpu', forceCpuNodeNames: ['Resize_1'] });
});

test('lets threads spin as long as each has a core of its own', () => {
  const cores = availableParallelism();
  const extraOf = (threads: number) =>
    settingsFor(model, { device: 'cpu', threads, halfPrecision }).extra;
  expect([extraOf(0), extraOf(cores)]).toEqual([
    { session: {}, optimization: {} },
    { session: {}, optimization: {} },
  ]);
  expect(extraOf(cores + 1)).toMatchObject({ session: { intra_op: { allow_spinning: '0' } } });
});
