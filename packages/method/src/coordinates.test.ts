import { float32, Graph } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { map, meanOverSpace, type Plain, pointwise } from '../testing/plain.ts';
import { distance, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import { coordinates } from './coordinates.ts';
import { FixedParameters, type ParameterValues } from './parameters.ts';

const channels = 5;
const shape = [2, channels, 3, 4] as const;
const features: Plain = { shape, data: normals(shape, 1) };
const jitter = normals([2, 2, 3, 4], 2, 0.05);

const layer = (part: string, index: number, out: number) =>
  ({
    weight: normals([out, channels], 10 * index + part.length, 0.5),
    bias: normals([out], 10 * index + part.length + 1, 0.5),
  }) as const;
const layers = {
  local: [layer('local', 0, channels), layer('local', 1, 2)],
  global: [layer('global', 0, channels), layer('global', 1, 2)],
} as const;

function parameters(): ParameterValues {
  return new Map(
    (['local', 'global'] as const).flatMap((part) =>
      layers[part].flatMap(({ weight, bias }, index) => [
        [`nets.${part}.${index}.weight`, float32([bias.length, channels, 1, 1], weight)] as const,
        [`nets.${part}.${index}.bias`, float32([bias.length], bias)] as const,
      ]),
    ),
  );
}

/** tanh(W1 tanh(W0 x + b0) + b1) */
function points(part: 'local' | 'global', x: Plain): number[] {
  const [first, second] = layers[part];
  const hidden = map(pointwise(x, first.weight, first.bias), Math.tanh);
  return Array.from(map(pointwise(hidden, second.weight, second.bias), Math.tanh).data);
}

async function run(withJitter: boolean) {
  const graph = new Graph('coordinates');
  const x = graph.input('features', 'float32', shape);
  const noise = graph.constant(float32([2, 2, 3, 4], jitter));
  const source = new FixedParameters(graph, parameters());
  const at = coordinates(source, 'nets', x, withJitter ? noise : undefined);
  expect(at.local.shape).toEqual([2, 2, 3, 4]);
  expect(at.global.shape).toEqual([2, 2, 1, 1]);
  graph.output('local', at.local);
  graph.output('global', at.global);
  return runGraph(graph, { features: float32(shape, features.data) });
}

describe('coordinates', () => {
  it('are two layers with tanh: of each cell, and of the mean over space', async () => {
    const outputs = await run(false);
    expect(distance(numbersOf(outputs, 'local'), points('local', features))).toBeLessThan(1e-6);
    const expected = points('global', meanOverSpace(features));
    expect(distance(numbersOf(outputs, 'global'), expected)).toBeLessThan(1e-6);
  });

  it('take jitter on the local points only', async () => {
    const outputs = await run(true);
    const expected = points('local', features).map((value, i) => value + (jitter[i] as number));
    expect(distance(numbersOf(outputs, 'local'), expected)).toBeLessThan(1e-6);
    const still = points('global', meanOverSpace(features));
    expect(distance(numbersOf(outputs, 'global'), still)).toBeLessThan(1e-6);
  });
});
