import { float32, Graph, type Tensor } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { formula, weightOf } from '../../testing/formula.ts';
import { golden } from '../../testing/golden.ts';
import { distance, numbersOf, runGraph } from '../../testing/run-graph.ts';
import { type ResNetVariant, resNet, resNetVariants } from './resnet.ts';

interface ResNetGolden {
  /** The weights' shapes, of which timm and torchvision agree. */
  readonly variants: Record<string, Record<string, number[]>>;
  readonly cases: Record<
    string,
    Record<string, { shape: number[]; step: number; values: number[] }>
  >;
}

const { variants, cases } = golden<ResNetGolden>('resnet');

/** A variant's weights, up to a layer. */
function weightsOf(variant: string, last: string): Map<string, Tensor> {
  const shapes = Object.entries(variants[variant] ?? {}).filter(([name]) => name < `${last}z`);
  return new Map(shapes.map(([name, shape]) => [name, weightOf(name, shape)]));
}

/** As much of a variant's weights as tells it from the others: their names, and the first block's width. */
function outlineOf(variant: string): Map<string, Tensor> {
  const names = Object.entries(variants[variant] ?? {});
  return new Map(
    names.map(([name, shape]): [string, Tensor] => {
      const kept = name === 'layer1.0.conv1.weight' ? [shape[0] as number, 1, 1, 1] : [1];
      return [name, float32(kept, new Float32Array(kept[0] as number))];
    }),
  );
}

const small = () => new Graph('backbone').input('image', 'float32', [1, 3, 64, 64]);
const code = (name: string) => expect.objectContaining({ code: name });

describe.each(Object.keys(cases) as ResNetVariant[])('%s', (variant) => {
  it('gives what timm and torchvision give at each layer', async () => {
    const taps = Object.entries(cases[variant] ?? {});
    const image = small();
    const backbone = resNet(
      new Map([...outlineOf(variant), ...weightsOf(variant, `layer${taps.length}`)]),
    );
    const values = backbone.taps(
      image,
      taps.map(([tap]) => tap),
    );
    for (const [at, value] of values.entries()) image.graph.output(`tap${at}`, value);
    const input = float32([1, 3, 64, 64], formula('image', 3 * 64 * 64));
    const outputs = await runGraph(image.graph, { image: input });
    expect(taps.length).toBeGreaterThan(1);
    for (const [at, [tap, expected]] of taps.entries()) {
      expect(values[at]?.shape, tap).toEqual(expected.shape);
      const sampled = numbersOf(outputs, `tap${at}`).filter((_, i) => i % expected.step === 0);
      const largest = Math.max(...expected.values.map(Math.abs));
      expect(distance(sampled, expected.values) / largest, tap).toBeLessThan(1e-5);
    }
  });
});

describe('the variant', () => {
  it.each(resNetVariants)('%s is found from its weights', (variant) => {
    expect(resNet(outlineOf(variant))).toMatchObject({ name: variant, tapCount: 4 });
  });

  it('that is another network is refused', () => {
    const slim = new Map(
      [...outlineOf('resnet50')].filter(([name]) => !name.startsWith('layer4.2')),
    );
    expect(() => resNet(slim)).toThrow(
      /received layers of 3, 4, 6, 2 bottleneck blocks, 64 channels inside the first/,
    );
    expect(() => resNet(new Map())).toThrow(code('WEIGHTS_INVALID'));
  });

  it('with grouped convolutions is refused', () => {
    const grouped = new Map([...outlineOf('resnet50'), ...weightsOf('resnet50', 'layer1')]);
    grouped.set('layer1.0.conv2.weight', float32([64, 2, 3, 3], new Float32Array(64 * 18)));
    expect(() => resNet(grouped).taps(small(), ['layer1'])).toThrow(code('WEIGHTS_INVALID'));
  });
});

describe('taps', () => {
  const weights = new Map([...outlineOf('resnet18'), ...weightsOf('resnet18', 'layer2')]);

  it('come in the order asked for, and the network is cut after the last', () => {
    const image = small();
    const values = resNet(weights).taps(image, ['layer2', 'layer1']);
    expect(values.map(({ shape }) => shape)).toEqual([
      [1, 128, 8, 8],
      [1, 64, 16, 16],
    ]);
    expect([...image.graph.initialisers.keys()].some((name) => name.includes('layer3'))).toBe(
      false,
    );
  });

  it.each(['layer5', 2, ''])('%s is refused', (tap) => {
    expect(() => resNet(weights).taps(small(), [tap])).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: `Expected taps among layer1, layer2, layer3, layer4 for resnet18 but received ${tap}`,
      }),
    );
  });
});
