import { float32, Graph, sliceAt, type Value } from '@bigrid/graph';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distance, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import type { Taps } from './features.ts';
import {
  componentsFrom,
  storedComponents,
  toTapCells,
  variationWidth,
  withVariation,
} from './variation.ts';

const cells = 4;
const area = cells * cells;
const taps: Taps = { tapChannels: [2, 3], tapCells: [4, 2] };
const channels = 5;
const shape = [1, channels, cells, cells];
const width = 2 * 16 + 3 * 4;

const features = normals(shape, 1);
const reconstruction = normals(shape, 2);

/** Rows at right angles to each other, of lengths that are not 1. */
function rowsAtRightAngles(count: number): Float32Array[] {
  const rows: Float32Array[] = [];
  for (let at = 0; at < count; at++) {
    let row = normals([width], 10 + at);
    for (const other of rows) {
      const share = dot(row, other) / dot(other, other);
      row = row.map((value, i) => value - share * (other[i] as number));
    }
    rows.push(row.map((value) => (at + 1) * value));
  }
  return rows;
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);
}

/** A row as features: each number of the second tap stands for a square of four cells, at half of it. */
function asFeatures(row: Float32Array): Float32Array {
  return Float32Array.from({ length: channels * area }, (_, at) => {
    const [channel, y, x] = [Math.floor(at / area), Math.floor((at % area) / cells), at % cells];
    if (channel < 2) return row[at] as number;
    const own = 32 + (channel - 2) * 4 + 2 * Math.floor(y / 2) + Math.floor(x / 2);
    return (row[own] as number) / 2;
  });
}

const weights = Float32Array.from([0.5, 0.2, 1, 0.1, 2]);

/** The formula, with full rows; the error of a cell is at most 1.5 times the mean. */
function byHand(rows: readonly Float32Array[]): Float32Array {
  const whole = features.map((value, at) => value - (reconstruction[at] as number));
  const errors = Array.from({ length: area }, (_, cell) =>
    Math.sqrt(weights.reduce((sum, w, c) => sum + w * (whole[c * area + cell] as number) ** 2, 0)),
  );
  const most = (1.5 * errors.reduce((sum, error) => sum + error, 0)) / area;
  expect(errors.filter((error) => error > most).length).toBeGreaterThan(0);
  const left = whole.map((value, at) => value * Math.min(1, most / (errors[at % area] as number)));
  return rows.map(asFeatures).reduce((rebuilt, row) => {
    const share = dot(row, left) / dot(row, row);
    return rebuilt.map((value, at) => value + share * (row[at] as number));
  }, reconstruction);
}

async function run(build: (graph: Graph, seen: Value, rebuilt: Value) => Value) {
  const graph = new Graph('test');
  const seen = graph.input('features', 'float32', shape);
  const rebuilt = graph.input('reconstruction', 'float32', shape);
  graph.output('result', build(graph, seen, rebuilt));
  const outputs = await runGraph(graph, {
    features: float32(shape, features),
    reconstruction: float32(shape, reconstruction),
  });
  return numbersOf(outputs, 'result');
}

const joined = (rows: readonly Float32Array[]) => rows.flatMap((row) => [...row]);
const whole = (rows: Value) => rows;

describe('withVariation', () => {
  it('adds the part of the error along the components, whatever their lengths', async () => {
    const rows = rowsAtRightAngles(3);
    const result = await run((graph, seen, rebuilt) => {
      const given = graph.constant(float32([3, width], joined(rows)));
      return withVariation(seen, rebuilt, componentsFrom(given), taps, weights);
    });
    expect(distance(result, byHand(rows))).toBeLessThan(1e-5);
    expect(distance(result, reconstruction)).toBeGreaterThan(0.1);
  });

  it('hardly minds 8 bits, and takes no part of rows of zeros', async () => {
    const rows = rowsAtRightAngles(3);
    const withZeros = float32([1, 4, width], [...joined(rows), ...Array(width).fill(0)]);
    const result = await run((graph, seen, rebuilt) => {
      const stored = storedComponents(graph, 'components', withZeros, whole);
      expect(graph.initialisers.get('components')?.type).toBe('int8');
      return withVariation(seen, rebuilt, stored, taps, weights);
    });
    expect(distance(result, byHand(rows))).toBeLessThan(0.02);
  });

  it('gives the same again of what was stored', async () => {
    const values = float32([1, 3, width], joined(rowsAtRightAngles(3)));
    const storedOf = (from: typeof values) => {
      const graph = new Graph('test');
      storedComponents(graph, 'components', from, whole);
      return graph.initialisers.get('components')?.data as Int8Array;
    };
    const once = storedOf(values);
    expect(storedOf(float32(values.shape, once))).toEqual(once);
  });

  it("goes by those of an image's kind", async () => {
    const rows = rowsAtRightAngles(4);
    const ofBoth = float32([2, 2, width], joined(rows));
    const result = await run((graph, seen, rebuilt) => {
      const kind = graph.integers([1]);
      const stored = storedComponents(graph, 'components', ofBoth, (all) =>
        sliceAt(all, [0], kind, [1]),
      );
      return withVariation(seen, rebuilt, stored, taps, weights);
    });
    expect(distance(result, byHand(rows.slice(2)))).toBeLessThan(0.02);
  });
});

describe('toTapCells', () => {
  it('keeps the length of what is the same over each square of cells', async () => {
    expect(variationWidth(taps)).toBe(width);
    const row = fc.array(fc.float({ noNaN: true, min: -9, max: 9 }), {
      minLength: width,
      maxLength: width,
    });
    const graph = new Graph('test');
    graph.output('row', toTapCells(graph.input('features', 'float32', shape), taps));
    await fc.assert(
      fc.asyncProperty(row, async (numbers) => {
        const own = Float32Array.from(numbers);
        const outputs = await runGraph(graph, { features: float32(shape, asFeatures(own)) });
        expect(distance(numbersOf(outputs, 'row'), own)).toBeLessThan(1e-4);
        expect(dot(asFeatures(own), asFeatures(own))).toBeCloseTo(dot(own, own), 2);
      }),
      { numRuns: 30 },
    );
  });
});
