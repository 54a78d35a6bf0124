import { bytesOf, float32ToFloat16, type Tensor, tensor } from '@bigrid/graph';
import { type MethodOptions, profiles, Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { DefectSource } from './defects.ts';

const cells = 8;
const shape = [2, cells, cells];
const area = 2 * cells * cells;
const batchSize = 4;

/** A block of one value all over. */
const flat = (value: number) => float32ToFloat16(new Float32Array(area).fill(value));
const bytes = (values: Uint16Array) => bytesOf(tensor('float16', [values.length], values));
const batch = tensor(
  'float16',
  [batchSize, ...shape],
  Uint16Array.from([0, 1, 2, 3].flatMap((value) => [...flat(value)])),
);
const textures = [10, 11].map((value) => bytes(flat(value)));

function source(options: Partial<MethodOptions>): DefectSource {
  const method = { ...profiles.fast.method, cells, pasteReach: 2, ...options };
  return new DefectSource('abnormal', method, batchSize, shape, textures, new Random(1));
}

describe('DefectSource', () => {
  it('swaps in other pictures of the batch and textures, as often, each block whole', () => {
    const swaps = source({ anomalySource: 'swap' });
    const donors = Array.from({ length: 200 }, () => {
      const { data } = swaps.next(batch).donors as Tensor<'float16'>;
      return Array.from({ length: batchSize }, (_, at) => {
        const own = data.slice(at * area, (at + 1) * area);
        expect(new Set(own).size).toBe(1);
        return own[0];
      });
    }).flat();
    const values = [0, 1, 2, 3, 10, 11];
    const shares = values.map((value) => {
      const [wanted] = flat(value);
      return donors.filter((given) => given === wanted).length / donors.length;
    });
    shares.forEach((share, at) => {
      expect(Math.abs(share - (at < batchSize ? 1 / 8 : 1 / 4)), `${values[at]}`).toBeLessThan(
        0.05,
      );
    });
  });

  it('moves rows and columns, never by nothing', () => {
    const swaps = source({ anomalySource: 'swap' });
    for (let i = 0; i < 50; i++) {
      const { rows, columns } = swaps.next(batch) as Record<string, Tensor<'int64'>>;
      for (const moved of [rows, columns]) {
        const places = [...(moved as Tensor<'int64'>).data].map(Number);
        const by = places[0] as number;
        expect(by).toBeGreaterThan(0);
        expect(places).toEqual(places.map((_, at) => (at + by) % cells));
      }
    }
  });

  it('goes on where a saved state was', () => {
    const swaps = source({ anomalySource: 'swap' });
    swaps.next(batch);
    const method = { ...profiles.fast.method, cells, pasteReach: 2 };
    const again = new DefectSource(
      'abnormal',
      method,
      batchSize,
      shape,
      textures,
      Random.from(swaps.random.state),
    );
    expect(again.next(batch)).toEqual(swaps.next(batch));
  });

  it.each(['fbp', 'noise'] as const)('%s needs no donors', (anomalySource) => {
    expect(Object.keys(source({ anomalySource }).next(batch))).toEqual(['mask', 'intensity']);
  });
});
