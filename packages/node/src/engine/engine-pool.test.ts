import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { add, cast, float32, Graph, mul, reduceSum, tensor, toModel } from '@bigrid/graph';
import { expect, test } from 'vitest';
import { parallelEngine } from './engine.ts';
import type { Host } from './engine-host.ts';
import { pooledEngine } from './engine-pool.ts';

function modelOf(factor: number): Uint8Array {
  const graph = new Graph('line');
  const x = graph.input('x', 'float32', [1]);
  graph.output('y', add(mul(x, factor), 1));
  return toModel(graph);
}

const numberOf = async (outputs: Promise<Record<string, { data: ArrayLike<unknown> }>>) =>
  (await outputs).y?.data[0];

test('answers each of many runs at once, of several models', async () => {
  const engine = parallelEngine({ threads: 2 });
  const [double, triple] = [await engine.load(modelOf(2)), await engine.load(modelOf(3))];
  const inputs = Array.from({ length: 20 }, (_, i) => i);
  const answers = inputs.flatMap((i) => [
    numberOf(double.run({ x: float32([1], [i]) })),
    numberOf(triple.run({ x: float32([1], [i]) })),
  ]);
  expect(await Promise.all(answers)).toEqual(inputs.flatMap((i) => [2 * i + 1, 3 * i + 1]));
  await double.dispose();
  expect(await numberOf(triple.run({ x: float32([1], [5]) }))).toBe(16);
  await triple.dispose();
});

test.each<[string, (values: number[]) => Uint8Array]>([
  ['typed array', (values) => Uint8Array.from(values)],
  [
    'Buffer of its own',
    (values) => Buffer.concat([Buffer.alloc(2 ** 16), Buffer.from(values)]).subarray(2 ** 16),
  ],
  ['Buffer of the pool that all small ones share', (values) => Buffer.from(values)],
  ['view of the middle', (values) => new Uint8Array([9, ...values, 9]).subarray(1, -1)],
  [
    'view of shared memory',
    (values) => {
      const shared = new Uint8Array(new SharedArrayBuffer(values.length + 8), 8);
      shared.set(values);
      return shared;
    },
  ],
  [
    'array that can grow',
    (values) => {
      const grown = new Uint8Array(new ArrayBuffer(values.length, { maxByteLength: 1024 }));
      grown.set(values);
      return grown;
    },
  ],
  ['clamped array', (values) => Uint8ClampedArray.from(values) as unknown as Uint8Array],
])('takes nothing away from the caller: %s', async (_, make) => {
  const graph = new Graph('sum');
  const image = graph.input('image', 'uint8', [4]);
  graph.output('sum', reduceSum(cast(image, 'float32'), { axes: [0], keepDimensions: false }));
  for (const engine of [parallelEngine({ threads: 2 }), parallelEngine({ threads: 1 })]) {
    const session = await engine.load(toModel(graph));
    const data = make([1, 2, 3, 4]);
    // As often as there are threads, and again into what they gave back.
    for (let run = 0; run < 5; run++) {
      data[0] = run;
      const { sum } = await session.run({ image: tensor('uint8', [4], data) });
      expect(sum?.data[0]).toBe(9 + run);
      expect([...data]).toEqual([run, 2, 3, 4]);
    }
    await session.dispose();
  }
});

test('refuses data that the caller gave away before their turn', async () => {
  const session = await parallelEngine({ threads: 2 }).load(modelOf(2));
  const x = float32([1], [3]);
  structuredClone(x.data, { transfer: [x.data.buffer as ArrayBuffer] });
  await expect(session.run({ x })).rejects.toMatchObject({ code: 'GRAPH_SHAPE_MISMATCH' });
  expect(await numberOf(session.run({ x: float32([1], [1]) }))).toBe(3);
  await session.dispose();
});

test('leaves no thread, and starts again', async () => {
  const engine = parallelEngine({ threads: 2 });
  for (let round = 0; round < 2; round++) {
    const session = await engine.load(modelOf(2));
    expect(await numberOf(session.run({ x: float32([1], [1]) }))).toBe(3);
    const left = [1, 2, 3].map((x) => session.run({ x: float32([1], [x]) }));
    const settled = Promise.allSettled(left);
    await session.dispose();
    // Those that went on may have been finished; the one that waited never starts.
    expect((await settled)[2]).toMatchObject({ reason: { code: 'ENGINE_FAILED' } });
    await expect(session.run({ x: float32([1], [1]) })).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
    });
  }
  const resources = process.getActiveResourcesInfo();
  expect(resources.filter((name) => name === 'Worker')).toEqual([]);
});

test('keeps no answer: memory does not grow with the number of runs', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const session = await parallelEngine({ threads: 2 }).load(modelOf(2));
  const answers: WeakRef<object>[] = [];
  for (let x = 0; x < 10; x++) {
    answers.push(new WeakRef((await session.run({ x: float32([1], [x]) })).y as object));
  }
  await setImmediate();
  collect();
  expect(answers.slice(0, 5).map((answer) => answer.deref())).toEqual(new Array(5).fill(undefined));
  await session.dispose();
});

test('says what the engine refuses, and what a run lacks', async () => {
  const engine = parallelEngine({ threads: 2 });
  await expect(engine.load(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    message: expect.stringContaining('load a graph'),
  });
  const session = await engine.load(modelOf(2));
  await expect(session.run({})).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    message: expect.stringContaining('run a graph'),
  });
  expect(await numberOf(session.run({ x: float32([1], [1]) }))).toBe(3);
  await session.dispose();
});

test('opens another host where one died in a run, or while it waited', async () => {
  const hosts: { end: () => void }[] = [];
  const dying = new Set([1]);
  const engine = pooledEngine('dying', 1, (onAnswer): Host => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const number = hosts.push({ end });
    return {
      ended,
      send(request) {
        if (request === 'end' || (request.inputs && dying.has(number))) end();
        else queueMicrotask(() => onAnswer({ outputs: {} }));
      },
    };
  });
  const session = await engine.load(new Uint8Array());
  const runs = await Promise.allSettled([session.run({}), session.run({})]);
  expect(runs).toMatchObject([{ reason: { code: 'ENGINE_FAILED' } }, { value: {} }]);
  hosts[1]?.end();
  await setImmediate();
  expect(await session.run({})).toEqual({});
  expect(hosts).toHaveLength(3);
  await session.dispose();
});
