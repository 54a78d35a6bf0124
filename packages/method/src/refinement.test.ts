import { float32, Graph } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { at, build, type Plain, sum } from '../testing/plain.ts';
import { distance, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import { refine } from './refinement.ts';

const shape = [2, 3, 3, 2] as const;

async function refined(features: Plain, reconstruction: Plain): Promise<number[]> {
  const graph = new Graph('refinement');
  const [f, r] = [features, reconstruction].map(({ data }) => graph.constant(float32(shape, data)));
  graph.output('refined', refine(f as never, r as never));
  return numbersOf(await runGraph(graph), 'refined');
}

/** Sim = 0.3 * 1[mse < 10] + 0.7 * cos, a cell at a time. */
function similarity(f: Plain, r: Plain, b: number, y: number, x: number): number {
  const over = (value: (c: number) => number) => sum(3, value);
  const [a, c] = [f, r].map((of) => (channel: number) => at(of, b, channel, y, x)) as [
    (channel: number) => number,
    (channel: number) => number,
  ];
  const error = over((k) => (a(k) - c(k)) ** 2) / 3;
  const cosine =
    over((k) => a(k) * c(k)) / Math.sqrt(over((k) => a(k) ** 2) * over((k) => c(k) ** 2));
  return (error < 10 ? 0.3 : 0) + 0.7 * cosine;
}

describe('refinement', () => {
  it('is Sim * feature + (1 - Sim) * reconstruction', async () => {
    // A deviation of 2.5 puts cells on both sides of the limit on the error.
    const f: Plain = { shape, data: normals(shape, 1, 2.5) };
    const r: Plain = { shape, data: normals(shape, 2, 2.5) };
    const errors = build(
      [2, 1, 3, 2],
      (b, _, y, x) => sum(3, (c) => (at(f, b, c, y, x) - at(r, b, c, y, x)) ** 2) / 3,
    );
    expect(Math.min(...Array.from(errors.data))).toBeLessThan(10);
    expect(Math.max(...Array.from(errors.data))).toBeGreaterThan(10);
    const expected = build(shape, (b, c, y, x) => {
      const alike = similarity(f, r, b, y, x);
      return alike * at(f, b, c, y, x) + (1 - alike) * at(r, b, c, y, x);
    });
    expect(distance(await refined(f, r), expected.data)).toBeLessThan(1e-5);
  });

  it('leaves a perfect reconstruction as it is, and survives a cell of zeros', async () => {
    const data = normals(shape, 3);
    data.fill(0, 0, 6);
    expect(distance(await refined({ shape, data }, { shape, data }), data)).toBeLessThan(1e-6);
    const zeros = { shape, data: new Float32Array(36) };
    expect((await refined(zeros, { shape, data })).every(Number.isFinite)).toBe(true);
  });
});
