import { float32, Graph, type Tensor } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { formula, weightOf } from '../../testing/formula.ts';
import { golden } from '../../testing/golden.ts';
import { distance, numbersOf, runGraph } from '../../testing/run-graph.ts';
import { efficientNet, efficientNetVariants, lastBlocksAtStrides } from './efficientnet.ts';

interface EfficientNetGolden {
  /** How wide and deep timm makes each variant. */
  readonly variants: Record<string, { blocks: number[]; channels: number[] }>;
  readonly cases: Record<
    string,
    {
      readonly weights: Record<string, number[]>;
      readonly taps: Record<string, { shape: number[]; step: number; values: number[] }>;
    }
  >;
}

const { variants, cases } = golden<EfficientNetGolden>('efficientnet');
type Variant = (typeof efficientNetVariants)[number];

function weightsOf(variant: Variant): Map<string, Tensor> {
  const shapes = Object.entries(cases[variant]?.weights ?? {});
  return new Map(shapes.map(([name, shape]) => [name, weightOf(name, shape)]));
}

/** As much of a variant's weights as tells it from the others. */
function outlineOf(variant: Variant): Map<string, Tensor> {
  const { blocks, channels } = variants[variant] as { blocks: number[]; channels: number[] };
  const depthwise = blocks.flatMap((repeats, stage) =>
    Array.from({ length: repeats }, (_, repeat) => `blocks.${stage}.${repeat}.conv_dw.weight`),
  );
  const width = channels.at(-1) as number;
  return new Map<string, Tensor>([
    ['blocks.6.0.conv_pwl.weight', float32([width, 1, 1, 1], new Float32Array(width))],
    ...depthwise.map((name): [string, Tensor] => [name, float32([1], [0])]),
  ]);
}

const small = weightsOf('tf_efficientnet_b0');
const smallImage = () => new Graph('backbone').input('image', 'float32', [1, 3, 64, 64]);

describe.each(Object.keys(cases) as Variant[])('%s', (variant) => {
  it('gives what timm gives at each tap', async () => {
    const taps = Object.entries(cases[variant]?.taps ?? {});
    const image = smallImage();
    const values = efficientNet(weightsOf(variant), variant).taps(
      image,
      taps.map(([tap]) => Number(tap)),
    );
    for (const [at, value] of values.entries()) image.graph.output(`tap${at}`, value);
    const outputs = await runGraph(image.graph, {
      image: float32([1, 3, 64, 64], formula('image', 3 * 64 * 64)),
    });
    expect(taps.length).toBeGreaterThan(1);
    for (const [at, [tap, expected]] of taps.entries()) {
      expect(values[at]?.shape, `tap ${tap}`).toEqual(expected.shape);
      const sampled = numbersOf(outputs, `tap${at}`).filter((_, i) => i % expected.step === 0);
      const largest = Math.max(...expected.values.map(Math.abs));
      expect(distance(sampled, expected.values) / largest, `tap ${tap}`).toBeLessThan(1e-4);
    }
  });
});

describe.each(efficientNetVariants)('%s', (variant) => {
  it('is known by its weights, as wide and deep as timm makes it', () => {
    const backbone = efficientNet(outlineOf(variant));
    expect(backbone.name).toBe(variant);
    const { blocks } = variants[variant] as { blocks: number[] };
    const ends = blocks.map((_, stage) => blocks.slice(0, stage + 1).reduce((a, b) => a + b) - 1);
    expect(backbone.tapCount).toBe((ends.at(-1) as number) + 1);
    // Stages 3 and 4 share a stride, and so do 5 and 6.
    const lasts = [0, 1, 2, 4, 6].map((stage) => ends[stage]);
    expect(lastBlocksAtStrides(variant, [2, 4, 8, 16, 32])).toEqual(lasts);
  });
});

describe('efficientNet', () => {
  it('has 72 and 200 channels at strides 8 and 16 of B6, as published', () => {
    expect(lastBlocksAtStrides('tf_efficientnet_b6', [8, 16])).toEqual([14, 30]);
    const { channels } = variants.tf_efficientnet_b6 as { channels: number[] };
    expect([channels[2], channels[4]]).toEqual([72, 200]);
  });

  it('is cut after the last tap', () => {
    const image = smallImage();
    efficientNet(small).taps(image, [4, 2]);
    const names = [...image.graph.initialisers.keys()];
    expect(names.some((name) => name.includes('blocks.2.1.'))).toBe(true);
    expect(names.some((name) => name.includes('blocks.3.'))).toBe(false);
  });

  it('refuses a tap behind the last block as OPTION_INVALID', () => {
    const backbone = efficientNet(new Map(), 'tf_efficientnet_b6');
    expect(() => backbone.taps(smallImage(), [14, 45])).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: 'Expected taps from 0 to 44 for tf_efficientnet_b6 but received 45',
      }),
    );
  });

  it('refuses a stride that no block ends at as OPTION_INVALID', () => {
    expect(() => lastBlocksAtStrides('tf_efficientnet_b0', [8, 12])).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message:
          'Expected a stride among 2, 4, 8, 16, 32 for the blocks of tf_efficientnet_b0 but received 12',
      }),
    );
  });

  it('refuses weights of no variant as WEIGHTS_INVALID', () => {
    expect(() => efficientNet(new Map())).toThrow(
      expect.objectContaining({
        code: 'WEIGHTS_INVALID',
        message: expect.stringContaining('0, 0 blocks that end with no channels'),
      }),
    );
    const spoiled = outlineOf('tf_efficientnet_b6');
    spoiled.delete('blocks.6.2.conv_dw.weight');
    expect(() => efficientNet(spoiled)).toThrow(
      expect.objectContaining({
        code: 'WEIGHTS_INVALID',
        message: expect.stringContaining(
          'received stages of 3, 6, 6, 8, 8, 11, 2 blocks that end with 576 channels',
        ),
      }),
    );
  });

  it.each([
    'conv_stem.weight',
    'bn1.running_var',
    'blocks.0.0.se.conv_reduce.bias',
    'blocks.1.0.conv_pwl.weight',
    'blocks.1.0.bn3.bias',
  ])('names %s where it is missing', (name) => {
    const weights = new Map(small);
    weights.delete(name);
    expect(() => efficientNet(weights, 'tf_efficientnet_b0').taps(smallImage(), [2])).toThrow(
      expect.objectContaining({ code: 'WEIGHTS_INVALID', message: expect.stringContaining(name) }),
    );
  });
});
