import { readFileSync } from 'node:fs';
import { Graph, type Tensor } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { distance, numbersOf, runGraph } from '../../testing/run-graph.ts';
import { tinyMethod } from '../../testing/tiny.ts';
import { features } from '../features.ts';
import { readSafetensors } from '../safetensors.ts';
import { efficientNetLite0 } from './efficientnet-lite.ts';

function safetensors(path: string): Map<string, Tensor> {
  return readSafetensors(readFileSync(new URL(path, import.meta.url)));
}

const weights = safetensors('../../assets/efficientnet_lite0.safetensors');
const golden = safetensors('../../testing/golden_efficientnet_lite0.safetensors');

describe('EfficientNet-Lite0', () => {
  it.each([2, 4, 10, 15])('gives what PyTorch gives behind block %i', async (tap) => {
    const expected = golden.get(`b${tap}`) as Tensor<'float32'>;
    const values = golden.get('image_u8_hwc') as Tensor<'uint8'>;
    const graph = new Graph('backbone');
    const image = graph.input('image', 'uint8', [1, 'height', 'width', 3]);
    // At 256 pixels, with as many cells as the tap has, nothing is resized.
    const cells = expected.shape[1] as number;
    const options = { ...tinyMethod, inputSize: 256, cells, pooling: 1 as const, taps: [tap] };
    const { value, tapChannels } = features(graph, image, efficientNetLite0(weights), options);
    expect(value.shape).toEqual([1, ...expected.shape]);
    expect(tapChannels).toEqual([expected.shape[0]]);
    graph.output('activations', value);
    const outputs = await runGraph(graph, { image: { ...values, shape: [1, 256, 256, 3] } });
    expect(distance(numbersOf(outputs, 'activations'), expected.data)).toBeLessThan(1e-3);
  });

  it('gives taps in the order asked for, and is cut after the last', () => {
    const graph = new Graph('backbone');
    const image = graph.input('image', 'float32', [1, 3, 64, 64]);
    const backbone = efficientNetLite0(weights);
    expect(backbone.taps(image, [4, 0]).map(({ shape }) => shape)).toEqual([
      [1, 40, 8, 8],
      [1, 16, 32, 32],
    ]);
    const names = [...graph.initialisers.keys()];
    expect(names.some((name) => name.includes('blocks.4.'))).toBe(true);
    expect(names.some((name) => name.includes('blocks.5.'))).toBe(false);
  });

  it('has as many taps as it says', () => {
    const image = () => new Graph('backbone').input('image', 'float32', [1, 3, 64, 64]);
    const backbone = efficientNetLite0(weights);
    const last = backbone.tapCount - 1;
    expect(backbone.taps(image(), [last]).map(({ shape }) => shape)).toEqual([[1, 320, 2, 2]]);
    expect(() => backbone.taps(image(), [2, last + 1])).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: 'Expected taps from 0 to 15 for EfficientNet-Lite0 but received 16',
      }),
    );
  });

  it.each([
    ['a missing tensor', (tensors: Map<string, Tensor>) => tensors.delete('bn0.running_mean')],
    [
      'a tensor of another type',
      (tensors: Map<string, Tensor>) =>
        tensors.set('bn0.weight', { type: 'float16', shape: [32], data: new Uint16Array(32) }),
    ],
    [
      'a tensor of another shape',
      (tensors: Map<string, Tensor>) =>
        tensors.set('bn0.bias', { type: 'float32', shape: [31], data: new Float32Array(31) }),
    ],
  ])('refuses %s as WEIGHTS_INVALID', (_, spoil) => {
    const tensors = new Map(weights);
    spoil(tensors);
    const image = new Graph('backbone').input('image', 'float32', [1, 3, 64, 64]);
    expect(() => efficientNetLite0(tensors).taps(image, [0])).toThrow(
      expect.objectContaining({ code: 'WEIGHTS_INVALID' }),
    );
  });
});
