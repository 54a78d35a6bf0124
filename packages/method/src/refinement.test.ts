import { float32, Graph, mul, sub, type Value } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { at, build, type Plain, sum } from '../testing/plain.ts';
import { distance, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import { unexplainedShare } from './refinement.ts';

const shape = [2, 3, 3, 2] as const;

/** What is left of the error once the reconstruction is refined. */
async function refinedError(
  features: Plain,
  reconstruction: Plain,
  kindMean?: number[],
): Promise<number[]> {
  const graph = new Graph('refinement');
  const [f, r] = [features, reconstruction].map(({ data }) =>
    graph.constant(float32(shape, data)),
  ) as [Value, Value];
  const mean = kindMean && graph.constant(float32([1, 3, 1, 1], kindMean));
  graph.output('error', mul(sub(f, r), unexplainedShare(f, r, mean)));
  return numbersOf(await runGraph(graph), 'error');
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
  it('leaves the error of Sim * feature + (1 - Sim) * reconstruction', async () => {
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
      const rebuilt = alike * at(f, b, c, y, x) + (1 - alike) * at(r, b, c, y, x);
      return at(f, b, c, y, x) - rebuilt;
    });
    expect(distance(await refinedError(f, r), expected.data)).toBeLessThan(1e-5);
  });

  it('looks from the mean of the kind, wherever that is', async () => {
    const f: Plain = { shape, data: normals(shape, 1) };
    const r: Plain = { shape, data: normals(shape, 2) };
    const mean = [7, -4, 12];
    const moved = ({ data }: Plain): Plain => {
      return {
        shape,
        data: Array.from(data, (value, at) => value + (mean[Math.floor(at / 6) % 3] ?? 0)),
      };
    };
    const expected = await refinedError(f, r);
    const seen = await refinedError(moved(f), moved(r), mean);
    expect(distance(seen, Float32Array.from(expected))).toBeLessThan(1e-5);
    const fromZero = await refinedError(moved(f), moved(r));
    expect(distance(fromZero, Float32Array.from(expected))).toBeGreaterThan(0.1);
  });

  it('leaves a perfect reconstruction as it is, and survives a cell of zeros', async () => {
    const data = normals(shape, 3);
    data.fill(0, 0, 6);
    const none = new Float32Array(36);
    expect(distance(await refinedError({ shape, data }, { shape, data }), none)).toBeLessThan(1e-6);
    const zeros = { shape, data: none };
    expect((await refinedError(zeros, { shape, data })).every(Number.isFinite)).toBe(true);
  });
});
