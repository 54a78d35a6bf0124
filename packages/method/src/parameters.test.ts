import { float32, float32ToFloat16, Graph, tensor } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { numbersOf, runGraph } from '../testing/run-graph.ts';
import {
  constantInitialiser,
  FixedParameters,
  initialValue,
  type Parameter,
  TrainedParameters,
  uniformByFanIn,
  xavierNormal,
} from './parameters.ts';
import { Random } from './random.ts';

const table: Parameter = {
  name: 'table',
  shape: [2, 2],
  kind: 'table',
  initialise: constantInitialiser(1),
};
const weight: Parameter = { ...table, name: 'weight', kind: 'weight' };
const data = [0.1, -2, 1 / 3, 5];

describe('FixedParameters', () => {
  it('stores tables in half precision where asked to, and gives float32', async () => {
    const graph = new Graph('fixed');
    const values = new Map([
      ['table', float32([2, 2], data)],
      ['weight', float32([2, 2], data)],
    ]);
    const source = new FixedParameters(graph, values, 'float16');
    graph.output('t', source.get(table));
    graph.output('w', source.get(weight));
    const half = tensor('float16', [2, 2], float32ToFloat16(Float32Array.from(data)));
    expect(graph.initialisers.get('table')).toEqual(half);
    expect(graph.initialisers.get('weight')).toEqual(float32([2, 2], data));
    const outputs = await runGraph(graph);
    expect(outputs.t?.type).toBe('float32');
    expect(numbersOf(outputs, 'w')).toEqual([...Float32Array.from(data)]);
  });

  it('gives one value however often it is asked', () => {
    const source = new FixedParameters(
      new Graph('fixed'),
      new Map([['table', float32([2, 2], data)]]),
    );
    expect(source.get(table)).toBe(source.get(table));
  });

  it.each([
    ['none', new Map()],
    ['[4]', new Map([['table', float32([4], data)]])],
  ])('refuses %s where it needs [2, 2] as BUNDLE_INVALID', (received, values) => {
    expect(() => new FixedParameters(new Graph('fixed'), values).get(table)).toThrow(
      expect.objectContaining({
        code: 'BUNDLE_INVALID',
        message: `Expected a parameter table of shape [2, 2] but received ${received}`,
      }),
    );
  });
});

describe('TrainedParameters', () => {
  it('declares an input a parameter, once', () => {
    const graph = new Graph('trained');
    const source = new TrainedParameters(graph);
    expect(source.get(table)).toBe(source.get(table));
    source.get(weight);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['table', 'weight']);
    expect([...source.declared.values()].map(({ parameter }) => parameter)).toEqual([
      table,
      weight,
    ]);
  });
});

describe('first values', () => {
  const draw = (initialise: Parameter['initialise'], seed = 0) => {
    const parameter: Parameter = { name: 'p', shape: [100, 200], kind: 'weight', initialise };
    return [...initialValue(parameter, new Random(seed)).data];
  };
  const variance = (values: number[]) =>
    values.reduce((total, v) => total + v * v, 0) / values.length;

  it('do not depend on what else is drawn', () => {
    const random = new Random(3);
    const parameter: Parameter = { ...weight, initialise: uniformByFanIn(4) };
    const alone = initialValue(parameter, random);
    initialValue({ ...parameter, name: 'other' }, random);
    expect(initialValue(parameter, random)).toEqual(alone);
    expect(initialValue({ ...parameter, name: 'other' }, random)).not.toEqual(alone);
  });

  it('of layers are uniform in +-1/sqrt(fanIn)', () => {
    const values = draw(uniformByFanIn(25));
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.2);
    expect(variance(values)).toBeCloseTo(0.04 / 3, 3);
  });

  it('of tables are normal with variance 2 / (fanIn + fanOut)', () => {
    const values = draw(xavierNormal(30, 70));
    expect(variance(values)).toBeCloseTo(0.02, 3);
    expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(3 * Math.sqrt(0.02));
  });

  it('of statistics are constant', () => {
    expect(new Set(draw(constantInitialiser(-0.2)))).toEqual(new Set([Math.fround(-0.2)]));
  });
});
