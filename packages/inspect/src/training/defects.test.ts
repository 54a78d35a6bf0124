import type { Tensor } from '@bigrid/graph';
import { type MethodOptions, profiles, Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { DefectSource } from './defects.ts';

const cells = 8;
const shape = [2, cells, cells];
const batchSize = 4;

function source(options: Partial<MethodOptions>, random = new Random(1)): DefectSource {
  const method = { ...profiles.fast.method, cells, pasteReach: 2, ...options };
  return new DefectSource({ stage: 'abnormal', method, batchSize, shape, random });
}

const numbers = (value: Tensor | undefined) => [...(value as Tensor<'int64'>).data].map(Number);

describe('DefectSource', () => {
  it('swaps in features of every image of the batch equally often, including its own', () => {
    const swaps = source({ anomalySource: 'swap' });
    const from = Array.from({ length: 200 }, () => {
      const images = numbers(swaps.next().images);
      expect([...images].sort()).toEqual([0, 1, 2, 3]);
      return images[0] as number;
    });
    for (const image of [0, 1, 2, 3]) {
      const share = from.filter((own) => own === image).length / from.length;
      expect(Math.abs(share - 1 / batchSize)).toBeLessThan(0.1);
    }
  });

  it('shifts rows and columns, never by 0', () => {
    const swaps = source({ anomalySource: 'swap' });
    for (let i = 0; i < 50; i++) {
      const { rows, columns } = swaps.next();
      for (const places of [numbers(rows), numbers(columns)]) {
        const by = places[0] as number;
        expect(by).toBeGreaterThan(0);
        expect(places).toEqual(places.map((_, at) => (at + by) % cells));
      }
    }
  });

  it('continues from a saved state', () => {
    const swaps = source({ anomalySource: 'swap' });
    swaps.next();
    const again = source({ anomalySource: 'swap' }, Random.from(swaps.random.state));
    expect(again.next()).toEqual(swaps.next());
  });

  it.each(['fbp', 'noise'] as const)('%s swaps nothing', (anomalySource) => {
    expect(Object.keys(source({ anomalySource }).next())).toEqual(['mask', 'intensity']);
  });
});
