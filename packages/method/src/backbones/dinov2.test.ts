import { float32, Graph, type Tensor, type Value } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { formula, weightOf } from '../../testing/formula.ts';
import { golden } from '../../testing/golden.ts';
import { distance, numbersOf, runGraph } from '../../testing/run-graph.ts';
import type { Tap } from './backbone.ts';
import { dinov2 } from './dinov2.ts';
import { resizedTable } from './position-table.ts';

interface Sampled {
  readonly shape: number[];
  readonly step: number;
  readonly values: number[];
}

interface Dinov2Golden {
  /** The weights' shapes, by the names of timm or of Hugging Face. */
  readonly variants: Record<string, Record<string, number[]>>;
  /** Patch tokens behind the first blocks. */
  readonly cases: Record<string, Sampled[]>;
  /** The mean of those behind all of them. */
  readonly mean: Sampled & { readonly variant: string };
  readonly tables: { from: number; to: number; values: number[] }[];
}

const { variants, cases, mean, tables } = golden<Dinov2Golden>('dinov2');
const SIZE = 70;

/** A variant's weights up to a block; of the blocks behind it their names only. */
function weightsOf(variant: string, blocks: number): Map<string, Tensor> {
  return new Map(
    Object.entries(variants[variant] ?? {}).map(([name, shape]): [string, Tensor] => {
      const index = /(?:blocks|layer)\.(\d+)\./.exec(name)?.[1];
      const isKept = index === undefined || Number(index) < blocks;
      return [name, isKept ? weightOf(name, shape) : float32([1], [0])];
    }),
  );
}

const input = (size = SIZE): Value =>
  new Graph('backbone').input('image', 'float32', [1, 3, size, size]);
const code = (name: string) => expect.objectContaining({ code: name });

describe.each(Object.entries(cases))('%s', (variant, expected) => {
  it('gives the tokens that timm and Hugging Face give behind each block', async () => {
    expect(expected.length).toBeGreaterThan(1);
    const taps = expected.map((_, at) => at);
    await gives(variant, taps, expected);
  });
});

/** Runs a network on the image of the goldens. */
async function gives(variant: string, taps: Tap[], expected: readonly Sampled[]): Promise<void> {
  const image = input();
  const values = dinov2(weightsOf(variant, 2)).taps(image, taps);
  for (const [at, value] of values.entries()) image.graph.output(`tap${at}`, value);
  const outputs = await runGraph(image.graph, {
    image: float32([1, 3, SIZE, SIZE], formula('image', 3 * SIZE ** 2)),
  });
  for (const [at, { shape, step, values: sampled }] of expected.entries()) {
    expect(values[at]?.shape).toEqual(shape);
    const own = numbersOf(outputs, `tap${at}`).filter((_, i) => i % step === 0);
    expect(distance(own, sampled), `tap ${taps[at]}`).toBeLessThan(2e-5);
  }
}

describe('the variant', () => {
  it.each([
    ['vit_small_patch14_dinov2', 'vit_small_patch14_dinov2'],
    ['vit_small_patch14_reg4_dinov2', 'vit_small_patch14_reg4_dinov2'],
    ['vit_base_patch14_dinov2', 'vit_base_patch14_dinov2'],
    ['vit_base_patch14_reg4_dinov2', 'vit_base_patch14_reg4_dinov2'],
    ['facebook/dinov2-small', 'vit_small_patch14_dinov2'],
    ['facebook/dinov2-with-registers-small', 'vit_small_patch14_reg4_dinov2'],
  ])('of the weights of %s is %s', (source, name) => {
    expect(dinov2(weightsOf(source, 0))).toMatchObject({ name, tapCount: 12, stride: 14 });
  });

  it('with other patches or another depth is refused', () => {
    const shorter = weightsOf('vit_small_patch14_dinov2', 0);
    shorter.delete('blocks.11.norm1.weight');
    expect(() => dinov2(shorter)).toThrow(/received 11 blocks of 384 channels/);
    const coarser = weightsOf('vit_small_patch14_dinov2', 0);
    coarser.set('patch_embed.proj.weight', weightOf('w', [384, 3, 16, 16]));
    expect(() => dinov2(coarser)).toThrow(/patches of 16 x 16 pixels$/);
    expect(() => dinov2(new Map())).toThrow(code('WEIGHTS_INVALID'));
  });

  it('with positions of no square is refused', () => {
    const weights = weightsOf('vit_small_patch14_dinov2', 1);
    weights.set('pos_embed', weightOf('pos_embed', [1, 27, 384]));
    expect(() => dinov2(weights).taps(input(), [0])).toThrow(/for pos_embed .* received 27$/);
  });

  it('with keys unlike its queries is refused', () => {
    const weights = weightsOf('facebook/dinov2-small', 1);
    const name = 'encoder.layer.0.attention.attention.key.weight';
    weights.set(name, weightOf(name, [384, 383]));
    expect(() => dinov2(weights).taps(input(), [0])).toThrow(
      /^Expected float32 \[1152, 384\] for blocks\.0\.attn\.qkv\.weight .* received float32 \[384, 384\]$/,
    );
  });

  it('without one of its tensors is refused', () => {
    for (const name of ['pos_embed', 'blocks.0.attn.qkv.weight', 'blocks.0.ls1.gamma']) {
      const weights = weightsOf('vit_small_patch14_dinov2', 1);
      weights.delete(name);
      expect(() => dinov2(weights).taps(input(), [0])).toThrow(
        expect.objectContaining({
          code: 'WEIGHTS_INVALID',
          message: expect.stringContaining(`for ${name} among the weights of vit_small`),
        }),
      );
    }
  });
});

describe('taps', () => {
  const weights = weightsOf('vit_small_patch14_dinov2', 2);

  it('come in the order asked for, for images of any size, and the network is cut after the last', () => {
    const image = input(126);
    const values = dinov2(weights).taps(image, [1, 0]);
    expect(values.map(({ shape }) => shape)).toEqual([
      [1, 384, 9, 9],
      [1, 384, 9, 9],
    ]);
    const names = [...image.graph.initialisers.keys()];
    expect(names.some((name) => name.includes('blocks.1.'))).toBe(true);
    expect(names.some((name) => name.includes('blocks.2.'))).toBe(false);
  });

  it('of several blocks are the mean of their normalised tokens', async () => {
    await gives(mean.variant, ['0+1'], [mean]);
  });

  it.each([12, '3+12', '3+', '-1', 'norm'])('%s is refused', (tap) => {
    expect(() => dinov2(weights).taps(input(), [tap])).toThrow(
      `Expected blocks from 0 to 11, or several such as 3+5, for the taps of vit_small_patch14_dinov2 but received ${tap}`,
    );
  });

  it('keep matrices in half precision', () => {
    const image = input();
    dinov2(weights).taps(image, [0]);
    const { initialisers } = image.graph;
    expect(initialisers.get('backbone.blocks.0.attn.qkv.weight')?.type).toBe('float16');
    expect(initialisers.get('backbone.blocks.0.attn.qkv.bias')?.type).toBe('float32');
  });
});

describe('the position table', () => {
  it.each(tables)('of $from x $from cells is resized to $to x $to as in timm', (table) => {
    const { from, to, values } = table;
    const channels = values.length / to ** 2;
    const resized = resizedTable(formula('table', channels * from ** 2), channels, from, to);
    expect(distance(resized, values)).toBeLessThan(1e-6);
  });

  it('is kept at its own size', () => {
    const table = formula('table', 2 * 37 ** 2);
    expect(resizedTable(table, 2, 37, 37)).toBe(table);
  });
});
