import { fail } from '@bigrid/errors';
import {
  add,
  cast,
  concat,
  convolution,
  float32,
  float32ToFloat16,
  type Graph,
  gelu,
  layerNormalization,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  type Tensor,
  tensor,
  transpose,
  type Value,
} from '@bigrid/graph';
import { type Backbone, imageNet, type Tap } from './backbone.ts';
import { inTimmsNames } from './dinov2-names.ts';
import { resizedTable } from './position-table.ts';
import { readWeight, type Weights } from './weights.ts';

/** Side of the square of pixels that becomes one token. */
const PATCH = 14;
/** Channels that one attention head sees. */
const HEAD = 64;
/** Channels inside a block's perceptron, as a multiple of the width. */
const EXPANSION = 4;
const NORM_EPSILON = 1e-6;
const DEPTH = 12;

/** Name of a size in timm's names, by its width. */
const sizes = new Map([
  [384, 'small'],
  [768, 'base'],
]);

interface Transformer extends Weights {
  /** Channels of a token. */
  readonly width: number;
  /** Tokens that belong to no place, which only attention reads: none, or four. */
  readonly registers: number;
}

/**
 * DINOv2 (Oquab et al. 2023, arXiv 2304.07193), ViT-S/14 and ViT-B/14, with registers (Darcet et al. 2023,
 * arXiv 2309.16588) or without, up to the last tap. A tap is the output of a block, without the final norm: its patch
 * tokens, one per square of 14 x 14 pixels. A tap of several blocks, such as `3+5+7`, is the mean of their tokens, each
 * normalised over its channels. The position table is resized to the size of the image as in timm.
 *
 * Matrices are kept in half precision, which halves the file; engines convert them once, when they load the model.
 * @param weights tensors by the names of timm or of Hugging Face; the variant is found from them
 * @throws WEIGHTS_INVALID if the weights match no variant, or a tensor is missing or has another type or shape (from
 *   `taps`); OPTION_INVALID from `taps` for an unknown block
 */
export function dinov2(weights: ReadonlyMap<string, Tensor>): Backbone {
  const network = transformerOf(inTimmsNames(weights));
  return {
    name: network.network,
    // Weights do not state where they come from, nor which normalisation they were trained with.
    licence: 'unknown',
    ...imageNet,
    stride: PATCH,
    tapCount: DEPTH,
    defaultTaps: ['3+5+7+9'],
    taps(image, wanted) {
      const groups = wanted.map((tap) => blocksOf(network, tap));
      const grid = (image.shape[2] as number) / PATCH;
      let x = tokensOf(network, image, grid);
      const prefix = (x.shape[0] as number) - grid ** 2;
      const outputs = Array.from({ length: Math.max(...groups.flat()) + 1 }, (_, index) => {
        x = block(network, `blocks.${index}`, x);
        return x;
      });
      return groups.map((blocks) => {
        const tokens = blocks.map((index) => outputs[index] as Value);
        const patches = slice(meanOf(tokens), 0, prefix, prefix + grid ** 2);
        return reshape(transpose(patches, [1, 0]), [1, network.width, grid, grid]);
      });
    },
  };
}

/** The blocks of a tap: its number, or numbers joined by plus signs. @throws OPTION_INVALID */
function blocksOf({ network }: Transformer, tap: Tap): number[] {
  const parts = String(tap).split('+');
  if (parts.every((part) => /^\d+$/.test(part) && Number(part) < DEPTH)) return parts.map(Number);
  return fail(
    'OPTION_INVALID',
    `Expected blocks from 0 to ${DEPTH - 1}, or several such as 3+5, for the taps of ${network} but received ${tap}`,
  );
}

/** The mean of tokens of several blocks, each normalised, since they grow from block to block; one alone is kept as it is. */
function meanOf(tokens: readonly Value[]): Value {
  const [first, ...others] = tokens as readonly [Value, ...Value[]];
  if (others.length === 0) return first;
  const { graph } = first;
  const width = first.shape[1] as number;
  const perChannel = (value: number) =>
    graph.constant(float32([width], new Float32Array(width).fill(value)));
  const [scale, bias] = [perChannel(1 / tokens.length), perChannel(0)];
  const normalised = (value: Value) => layerNormalization(value, scale, bias, NORM_EPSILON);
  return others.reduce((sum, value) => add(sum, normalised(value)), normalised(first));
}

/**
 * The tokens of an image, with their positions: the class token, the registers, then the patches row by row.
 * @param image [1, 3, PATCH * grid, PATCH * grid]
 * @returns [tokens, width]
 */
function tokensOf(network: Transformer, image: Value, grid: number): Value {
  const { width, registers } = network;
  const { graph } = image;
  const projection = half(graph, network, 'patch_embed.proj.weight', [width, 3, PATCH, PATCH]);
  const bias = vector(graph, network, 'patch_embed.proj.bias', width);
  const patches = convolution(image, projection, bias, { stride: PATCH });
  const { ofClass, ofPatches } = positions(network, grid);
  const first = readWeight(network, 'cls_token', [1, 1, width]).data.map(
    (value, channel) => value + (ofClass[channel] ?? 0),
  );
  const others =
    registers > 0
      ? readWeight(network, 'reg_token', [1, registers, width]).data
      : new Float32Array(0);
  const prefix = tensor('float32', [1 + registers, width], Float32Array.of(...first, ...others));
  const table = tensor('float32', [grid ** 2, width], ofPatches);
  return concat(
    [
      graph.initialiser('backbone.prefix', prefix),
      add(
        transpose(reshape(patches, [width, grid ** 2]), [1, 0]),
        graph.initialiser('backbone.positions', table),
      ),
    ],
    0,
  );
}

/** The positions of the class token, if it has one, and of the patches: [grid * grid, width]. */
function positions(network: Transformer, grid: number) {
  const { width, tensors } = network;
  const rows = tensors.get('pos_embed')?.shape[1] ?? 0;
  const { data } = readWeight(network, 'pos_embed', [1, rows, width]);
  const side = Math.floor(Math.sqrt(rows));
  if (rows < 1 || rows - side ** 2 > 1) {
    fail(
      'WEIGHTS_INVALID',
      `Expected the positions of a square of patches, and at most one more, for pos_embed among the weights of ${network.network} but received ${rows}`,
    );
  }
  const ofClass = data.subarray(0, (rows - side ** 2) * width);
  const table = data.subarray(ofClass.length);
  return { ofClass, ofPatches: resizedTable(table, width, side, grid) };
}

/** A block of a transformer with layer scale: x + scale attention(norm(x)), then x + scale perceptron(norm(x)). */
function block(network: Transformer, name: string, x: Value): Value {
  const { width } = network;
  const { graph } = x;
  const norm = (part: string, value: Value) =>
    layerNormalization(
      value,
      vector(graph, network, `${name}.${part}.weight`, width),
      vector(graph, network, `${name}.${part}.bias`, width),
      NORM_EPSILON,
    );
  const linear = (part: string, value: Value, channels: number) =>
    add(
      matMul(
        value,
        transpose(
          half(graph, network, `${name}.${part}.weight`, [channels, value.shape[1] as number]),
          [1, 0],
        ),
      ),
      vector(graph, network, `${name}.${part}.bias`, channels),
    );
  const scaled = (part: string, value: Value) =>
    mul(value, vector(graph, network, `${name}.${part}.gamma`, width));
  const attended = attention(linear('attn.qkv', norm('norm1', x), 3 * width));
  const middle = add(x, scaled('ls1', linear('attn.proj', attended, width)));
  const inside = gelu(linear('mlp.fc1', norm('norm2', middle), EXPANSION * width));
  return add(middle, scaled('ls2', linear('mlp.fc2', inside, width)));
}

/**
 * Every token's mean of the values of all tokens, in each head weighted by softmax(query key^T / sqrt(HEAD)).
 * @param joined queries, keys and values side by side: [tokens, 3 width]
 * @returns [tokens, width]
 */
function attention(joined: Value): Value {
  const [tokens, channels] = joined.shape as [number, number];
  const heads = channels / 3 / HEAD;
  const perHead = transpose(reshape(joined, [tokens, 3, heads, HEAD]), [1, 2, 0, 3]);
  const [queries, keys, values] = [0, 1, 2].map((at) =>
    reshape(slice(perHead, 0, at, at + 1), [heads, tokens, HEAD]),
  ) as [Value, Value, Value];
  const likeness = matMul(mul(queries, 1 / Math.sqrt(HEAD)), transpose(keys, [0, 2, 1]));
  const seen = matMul(softmax(likeness), values);
  return reshape(transpose(seen, [1, 0, 2]), [tokens, heads * HEAD]);
}

/** A matrix or kernel in half precision. */
function half(graph: Graph, network: Transformer, name: string, shape: readonly number[]): Value {
  const { data } = readWeight(network, name, shape);
  const stored = tensor('float16', shape, float32ToFloat16(data));
  return cast(graph.initialiser(`backbone.${name}`, stored), 'float32');
}

function vector(graph: Graph, network: Transformer, name: string, channels: number): Value {
  return graph.initialiser(`backbone.${name}`, readWeight(network, name, [channels]));
}

/** The variant of the weights, identified by the number and width of its blocks. @throws WEIGHTS_INVALID */
function transformerOf(tensors: ReadonlyMap<string, Tensor>): Transformer {
  let depth = 0;
  while (tensors.has(`blocks.${depth}.norm1.weight`)) depth++;
  const width = tensors.get('cls_token')?.shape[2] ?? 0;
  const size = sizes.get(width);
  const [, , ...patch] = tensors.get('patch_embed.proj.weight')?.shape ?? [];
  if (!size || depth !== DEPTH || patch.join() !== [PATCH, PATCH].join()) {
    return fail(
      'WEIGHTS_INVALID',
      `Expected the weights of DINOv2 ViT-S/14 or ViT-B/14, ${DEPTH} blocks of ${[...sizes.keys()].join(' or ')} channels, for the backbone but received ${depth} blocks of ${width} channels and patches of ${patch.join(' x ')} pixels`,
    );
  }
  const registers = tensors.get('reg_token')?.shape[1] ?? 0;
  const suffix = registers > 0 ? `_reg${registers}` : '';
  return { network: `vit_${size}_patch14${suffix}_dinov2`, tensors, width, registers };
}
