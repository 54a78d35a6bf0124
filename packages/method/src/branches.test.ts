import { float32, Graph } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { type GoldenTensor, golden, toParameters } from '../testing/golden.ts';
import { distance, numbersOf, runGraph } from '../testing/run-graph.ts';
import { branch } from './branches.ts';
import { FixedParameters, TrainedParameters } from './parameters.ts';

interface BranchGolden {
  readonly parameters: Record<string, GoldenTensor>;
  readonly inUse: number[];
  readonly inTraining: number[];
  /** Running statistics after the batch. */
  readonly statistics: Record<string, GoldenTensor>;
}
interface BranchesGolden extends Record<'basic' | 'light', BranchGolden> {
  readonly shape: number[];
  readonly depth: number;
  readonly outputChannels: number;
  readonly local: number[];
  readonly global: number[];
}

const { shape, depth, outputChannels, ...goldens } = golden<BranchesGolden>('branches');

function readsOn(graph: Graph) {
  return {
    local: graph.constant(float32(shape, goldens.local)),
    global: graph.constant(float32(shape, goldens.global)),
  };
}

describe.each(['basic', 'light'] as const)('branch of %s blocks, as PyTorch has it', (kind) => {
  const options = { kind, depth, outputChannels };

  it('in use', async () => {
    const graph = new Graph('branch');
    const source = new FixedParameters(graph, toParameters(goldens[kind].parameters));
    graph.output('y', branch(source, 'branch', readsOn(graph), options));
    const outputs = await runGraph(graph);
    expect(distance(numbersOf(outputs, 'y'), goldens[kind].inUse)).toBeLessThan(1e-5);
  });

  it('in training, running statistics included', async () => {
    const graph = new Graph('branch');
    const source = new TrainedParameters(graph);
    graph.output('y', branch(source, 'branch', readsOn(graph), options));
    for (const [name, value] of source.updates) graph.output(`next/${name}`, value);
    const outputs = await runGraph(
      graph,
      Object.fromEntries(toParameters(goldens[kind].parameters)),
    );
    expect(distance(numbersOf(outputs, 'y'), goldens[kind].inTraining)).toBeLessThan(1e-5);
    const statistics = Object.entries(goldens[kind].statistics);
    expect([...source.updates.keys()].sort()).toEqual(statistics.map(([name]) => name).sort());
    for (const [name, { data }] of statistics) {
      expect(distance(numbersOf(outputs, `next/${name}`), data), name).toBeLessThan(1e-5);
    }
  });
});
