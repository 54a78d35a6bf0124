import { setTimeout } from 'node:timers/promises';
import { BigridError } from '@bigrid/errors';
import { add, type Engine, Graph, toModel } from '@bigrid/graph';
import { expect, test } from 'vitest';
import { fasterEngine } from './faster.ts';

/** A graph of a kind of its own per size. */
function modelOf(size: number): Uint8Array {
  const graph = new Graph('same');
  graph.output('more', add(graph.input('value', 'float32', [size]), 1));
  return toModel(graph);
}

/** Engines that take a time per run, by graphs of 1 and of 2 elements, and the names of those that loaded a graph. */
function engines(times: Record<string, readonly [number, number] | 'fails'>) {
  const loaded: string[] = [];
  const open = (device: string): Engine => ({
    description: device,
    async load(model) {
      loaded.push(device);
      const time = times[device] as readonly [number, number] | 'fails';
      if (time === 'fails') throw new BigridError('ENGINE_FAILED', 'Expected memory');
      const isFirst = Buffer.from(model).equals(modelOf(1));
      return {
        async run() {
          await setTimeout(time[isFirst ? 0 : 1]);
          return {};
        },
        dispose: async () => {},
      };
    },
  });
  const devices = async () => Object.keys(times) as 'cpu'[];
  const engine = fasterEngine('auto', open, devices);
  return {
    /** Loads a graph and returns who loaded it last, after those that were measured. */
    async load(model: Uint8Array) {
      loaded.length = 0;
      await engine.load(model);
      return loaded;
    },
  };
}

test('loads each kind of graph on the device that is fastest at it, and measures a kind once', async () => {
  const { load } = engines({ cpu: [40, 10], webgpu: [10, 40] });
  expect(await load(modelOf(1))).toEqual(['cpu', 'webgpu', 'webgpu']);
  expect(await load(modelOf(1))).toEqual(['webgpu']);
  expect(await load(modelOf(2))).toEqual(['cpu', 'webgpu', 'cpu']);
});

test('gives up a device that is far slower at the first graph', async () => {
  const { load } = engines({ cpu: [5, 5], webgpu: [200, 1] });
  expect(await load(modelOf(1))).toEqual(['cpu', 'webgpu', 'cpu']);
  expect(await load(modelOf(2))).toEqual(['cpu']);
});

test('does without a device that fails', async () => {
  const { load } = engines({ cpu: [40, 40], cuda: 'fails', webgpu: [10, 10] });
  expect(await load(modelOf(1))).toEqual(['cpu', 'cuda', 'webgpu', 'webgpu']);
});

test('measures nothing where only the processor works', async () => {
  expect(await engines({ cpu: [5, 5] }).load(modelOf(1))).toEqual(['cpu']);
});
