import { type Tensor, tensor } from '@bigrid/graph';

/** Names of single tensors in Hugging Face's `Dinov2Model` and `Dinov2WithRegistersModel`, and in timm. */
const single: Readonly<Record<string, string>> = {
  'embeddings.cls_token': 'cls_token',
  'embeddings.register_tokens': 'reg_token',
  'embeddings.position_embeddings': 'pos_embed',
  'embeddings.patch_embeddings.projection.weight': 'patch_embed.proj.weight',
  'embeddings.patch_embeddings.projection.bias': 'patch_embed.proj.bias',
};

/** Parts of the names of a block's tensors. */
const inBlocks: readonly (readonly [from: string, to: string])[] = [
  ['encoder.layer.', 'blocks.'],
  ['attention.output.dense.', 'attn.proj.'],
  ['layer_scale1.lambda1', 'ls1.gamma'],
  ['layer_scale2.lambda1', 'ls2.gamma'],
];

const QUERY = '.attention.attention.query.';
/** What timm joins into one matrix, in this order. */
const projections = ['query', 'key', 'value'];

/** The weights of a DINOv2 network under timm's names, whichever of both they have. */
export function inTimmsNames(weights: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  if (!weights.has('embeddings.cls_token')) return weights;
  const renamed = new Map<string, Tensor>();
  for (const [name, value] of weights) {
    if (name.includes(QUERY)) {
      const parts = projections.flatMap((part) => weights.get(name.replace('query', part)) ?? []);
      renamed.set(timmsName(name.replace(QUERY, '.attn.qkv.')), joined(parts));
    } else {
      renamed.set(single[name] ?? timmsName(name), value);
    }
  }
  return renamed;
}

function timmsName(name: string): string {
  return inBlocks.reduce((text, [from, to]) => text.replace(from, to), name);
}

/** Tensors of one shape, below one another. */
function joined(parts: readonly Tensor[]): Tensor {
  const [first] = parts as readonly [Tensor];
  const { type, shape } = first;
  // Where they do not fit, the first alone is refused when it is read, with what was expected.
  const fit = parts.every((part) => part.type === type && part.shape.join() === shape.join());
  if (type !== 'float32' || !fit) return first;
  const data = new Float32Array(parts.length * first.data.length);
  for (const [at, part] of parts.entries()) {
    data.set(part.data as Float32Array, at * first.data.length);
  }
  const [rows = 1, ...others] = shape;
  return tensor('float32', [parts.length * rows, ...others], data);
}
