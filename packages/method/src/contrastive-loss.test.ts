import { float32, Graph } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import { contrastiveLoss } from './contrastive-loss.ts';

const shape = [2, 1, 4, 3];

async function lossOf(q: ArrayLike<number>, mask: ArrayLike<number>): Promise<number> {
  const graph = new Graph('loss');
  const [a, b] = [q, mask].map((data) => graph.constant(float32(shape, data)));
  graph.output('loss', contrastiveLoss(a as never, b as never));
  return numbersOf(await runGraph(graph), 'loss')[0] as number;
}

describe('contrastiveLoss', () => {
  it('asks for q above 0.5 in pasted cells and below -0.5 in the others, each over its own cells', async () => {
    const q = normals(shape, 1);
    const mask = normals(shape, 2).map((value) => (value > 0.6 ? value / 4 : 0));
    const losses = { pasted: [] as number[], others: [] as number[] };
    q.forEach((value, i) => {
      if ((mask[i] as number) > 0) losses.pasted.push(Math.max(0, 0.5 - value));
      else losses.others.push(Math.max(0, 0.5 + value));
    });
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(losses.pasted.length).toBeGreaterThan(1);
    expect(losses.pasted.length).not.toBe(losses.others.length);
    expect(await lossOf(q, mask)).toBeCloseTo(mean(losses.pasted) + mean(losses.others), 5);
  });

  it('is zero once the margins are kept, however faint the paste', async () => {
    const mask = Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? 1e-3 : 0));
    expect(
      await lossOf(
        mask.map((value) => (value > 0 ? 0.5 : -0.5)),
        mask,
      ),
    ).toBe(0);
  });

  it('counts only the cells that there are', async () => {
    const q = new Float32Array(24);
    expect(await lossOf(q, new Float32Array(24))).toBeCloseTo(0.5, 5);
    expect(await lossOf(q, new Float32Array(24).fill(1))).toBeCloseTo(0.5, 5);
  });
});
