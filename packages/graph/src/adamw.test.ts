import { describe, expect, test } from 'vitest';
import { distance, golden } from '../testing/golden.ts';
import { engine, numbersOf, runGraph } from '../testing/run-graph.ts';
import { type AdamWOptions, adamW, adamWDefaults } from './adamw.ts';
import { Graph } from './graph.ts';
import { toModel } from './model.ts';
import { float32, zeros } from './tensor.ts';

interface State {
  readonly value: number[];
  readonly firstMoment: number[];
  readonly secondMoment: number[];
}
interface Group {
  readonly shape: number[];
  readonly learningRateScale: number;
  readonly start: number[];
}
interface AdamWGolden {
  readonly options: AdamWOptions;
  readonly groups: Group[];
  readonly learningRates: number[];
  /** By step and group. */
  readonly gradients: number[][][];
  /** By step and group. */
  readonly steps: State[][];
}

const parts = ['value', 'firstMoment', 'secondMoment'] as const;

/** A graph of one step: all of a group's tensors and its gradient are inputs, the new ones are outputs. */
function stepGraph(groups: readonly Group[], options: AdamWOptions): Graph {
  const graph = new Graph('adamw');
  const inputs = (part: string) =>
    groups.map(({ shape }, i) => graph.input(`${part}${i}`, 'float32', shape));
  const [values, first, second] = [inputs(parts[0]), inputs(parts[1]), inputs(parts[2])];
  const trainables = groups.map(({ learningRateScale }, i) => ({
    name: `group${i}`,
    value: values[i] as (typeof values)[0],
    firstMoment: first[i] as (typeof values)[0],
    secondMoment: second[i] as (typeof values)[0],
    learningRateScale,
  }));
  const [step, learningRate] = ['step', 'learningRate'].map((n) => graph.input(n, 'float32', []));
  const gradients = inputs('gradient');
  const updated = adamW(
    graph,
    trainables,
    gradients,
    step as never,
    learningRate as never,
    options,
  );
  updated.forEach((group, i) => {
    for (const part of parts) graph.output(`new_${part}${i}`, group[part]);
  });
  return graph;
}

describe('adamW', () => {
  test('takes ten steps as PyTorch does, with clipping, decay and two learning rates', async () => {
    const { options, groups, learningRates, gradients, steps } = golden<AdamWGolden>('adamw');
    const session = await engine.load(toModel(stepGraph(groups, options)));
    let state = groups.map(({ shape, start }) => ({
      value: start,
      firstMoment: start.map(() => 0),
      secondMoment: start.map(() => 0),
      shape,
    }));
    for (const [at, expected] of steps.entries()) {
      const feeds = state.flatMap((group, i) => [
        ...parts.map((part) => [`${part}${i}`, float32(group.shape, group[part])] as const),
        [`gradient${i}`, float32(group.shape, gradients[at]?.[i] as number[])] as const,
      ]);
      const outputs = await session.run({
        ...Object.fromEntries(feeds),
        step: float32([], [at + 1]),
        learningRate: float32([], [learningRates[at] as number]),
      });
      state = state.map(({ shape }, i) => {
        const [value, firstMoment, secondMoment] = parts.map((part) =>
          numbersOf(outputs, `new_${part}${i}`),
        ) as [number[], number[], number[]];
        return { shape, value, firstMoment, secondMoment };
      });
      expected.forEach((group, i) => {
        for (const part of parts) {
          const error = distance((state[i] as State)[part], group[part]);
          expect(error, `${part} of group ${i} after step ${at + 1}`).toBeLessThan(2e-6);
        }
      });
    }
    await session.dispose();
  });

  test('leaves a weight without gradient or decay exactly as it was', async () => {
    const groups = [{ shape: [2], learningRateScale: 1, start: [] }];
    const graph = stepGraph(groups, { ...adamWDefaults, weightDecay: 0 });
    const outputs = await runGraph(graph, {
      value0: float32([2], [0.1, -3]),
      firstMoment0: zeros('float32', [2]),
      secondMoment0: zeros('float32', [2]),
      gradient0: zeros('float32', [2]),
      step: float32([], [1]),
      learningRate: float32([], [0.1]),
    });
    expect(numbersOf(outputs, 'new_value0')).toEqual([Math.fround(0.1), -3]);
  });
});
