import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runGraph } from '../testing/run-graph.ts';
import { Graph } from './graph.ts';
import { cast } from './operators/elementwise.ts';
import {
  bytesOf,
  type ElementType,
  float16ToFloat32,
  float32ToFloat16,
  fromBytes,
  type Tensor,
  tensor,
} from './tensor.ts';

/** The engine's own cast of a vector. */
async function castByEngine(value: Tensor, type: ElementType): Promise<Tensor> {
  const graph = new Graph('cast');
  graph.output('y', cast(graph.input('x', value.type, value.shape), type));
  return (await runGraph(graph, { x: value })).y as Tensor;
}

describe('half precision', () => {
  const everyHalf = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);

  test('every half widens as ONNX Runtime widens it', async () => {
    const wide = await castByEngine(tensor('float16', [2 ** 16], everyHalf), 'float32');
    expect(float16ToFloat32(everyHalf)).toEqual(wide.data);
  });

  test('every half comes back from float32 as the same bits', () => {
    const back = float32ToFloat16(float16ToFloat32(everyHalf));
    const isNotANumber = (bits: number) => (bits & 0x7fff) > 0x7c00;
    const changed = everyHalf.filter((bits, i) => !isNotANumber(bits) && back[i] !== bits);
    expect([...changed]).toEqual([]);
    expect(
      everyHalf.every((bits, i) => isNotANumber(bits) === isNotANumber(back[i] as number)),
    ).toBe(true);
  });

  test('midpoints, their neighbours, and what is too large round as ONNX Runtime rounds', async () => {
    const halves = float16ToFloat32(everyHalf.subarray(0, 0x7c00));
    const between = Array.from(halves, (low, i) => (low + (halves[i + 1] ?? 65536)) / 2);
    const bits = new Uint32Array(Float32Array.from(between).buffer);
    const near = [-1, 0, 1].flatMap((step) => Array.from(bits, (at) => at + step));
    const numbers = new Float32Array(Uint32Array.from(near).buffer);
    const edges = [1e-45, 1e-10, 65504, 65519.99, 65520, 1e30, Number.POSITIVE_INFINITY];
    const values = Float32Array.from([...numbers, ...edges].flatMap((x) => [x, -x]));
    const expected = await castByEngine(tensor('float32', [values.length], values), 'float16');
    expect(float32ToFloat16(values)).toEqual(expected.data);
  });
});

describe('bytes of a tensor', () => {
  test('come back as the same tensor, from any offset', () =>
    fc.assert(
      fc.property(fc.float32Array(), fc.nat(7), (data, offset) => {
        const value = tensor('float32', [data.length], data);
        const moved = new Uint8Array(offset + data.byteLength);
        moved.set(bytesOf(value), offset);
        expect(fromBytes('float32', [data.length], moved.subarray(offset))).toEqual(value);
      }),
    ));

  test('are those of a view alone, not of the buffer behind it', () => {
    const view = Int32Array.of(1, 2, 3, 4).subarray(1, 3);
    expect([...bytesOf(tensor('int32', [2], view))]).toEqual([2, 0, 0, 0, 3, 0, 0, 0]);
  });

  test('must be as many as the shape states', () => {
    expect(() => tensor('uint8', [2, 2], new Uint8Array(3))).toThrow(
      'Expected 4 elements for a tensor of shape [2, 2] but received 3',
    );
    expect(() => fromBytes('float32', [2], new Uint8Array(7))).toThrow(/8 bytes .* received 7/);
  });
});
