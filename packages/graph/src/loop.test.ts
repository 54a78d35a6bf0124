import { expect, test } from 'vitest';
import { engine, numbersOf } from '../testing/run-graph.ts';
import type { Engine, Loop } from './engine.ts';
import { Graph } from './graph.ts';
import { openLoop } from './loop.ts';
import { toModel } from './model.ts';
import { add, mul } from './operators/elementwise.ts';
import { float32 } from './tensor.ts';

/** x <- x / 2 + y, and `before` is the x that a run began with. */
function halving(): Uint8Array {
  const graph = new Graph('halving');
  const x = graph.input('x', 'float32', [2]);
  graph.output('next/x', add(mul(x, 0.5), graph.input('y', 'float32', [2])));
  graph.output('before', x);
  return toModel(graph);
}

/** An engine that writes into new memory whatever it is offered, as one in another process does. */
const withoutReuse: Engine = {
  description: 'without reuse',
  async load(model) {
    const session = await engine.load(model);
    return { run: (inputs) => session.run(inputs), dispose: () => session.dispose() };
  },
};

test.each([
  ['reuses memory', engine],
  ['does not', withoutReuse],
])('each run begins with the values of the run before, on an engine that %s', async (_, on) => {
  const loop = await openLoop(on, halving(), { x: float32([2], [8, 4]) });
  expect(numbersOf(await loop.values(), 'x')).toEqual([8, 4]);
  const expected = [
    [5, 2],
    [3.5, 1],
    [2.75, 0.5],
  ];
  for (const [at, values] of expected.entries()) {
    const outputs = await loop.run({ y: float32([2], [1, 0]) });
    expect(Object.keys(outputs)).toEqual(['before']);
    expect(numbersOf(outputs, 'before')).toEqual(expected[at - 1] ?? [8, 4]);
    expect(numbersOf(await loop.values(), 'x')).toEqual(values);
  }
  await loop.dispose();
});

test('allocates nothing in a run on an engine that reuses memory', async () => {
  const first = float32([2], [8, 4]);
  const loop = await openLoop(engine, halving(), { x: first });
  const seen = new Set([first.data]);
  for (let run = 0; run < 4; run++) {
    await loop.run({ y: float32([2], [0, 0]) });
    seen.add((await loop.values()).x?.data as Float32Array<ArrayBuffer>);
  }
  expect(seen.size).toBe(2);
  await loop.dispose();
});

test('is the loop of the engine itself where it has one', async () => {
  const own = {} as Loop;
  expect(await openLoop({ ...engine, loop: async () => own }, halving(), {})).toBe(own);
});
