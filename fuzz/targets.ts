import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBigridError } from '@bigrid/errors';
import {
  bytesOf,
  type ElementType,
  float32,
  Graph,
  importModel,
  readForeignModel,
  type Tensor,
  tensor,
  toModel,
} from '@bigrid/graph';
import { openBundle, parseManifest, withManifest } from '@bigrid/inspect';
import { dinov2, efficientNet, efficientNetLite0, readSafetensors, resNet } from '@bigrid/method';
import { openDataset } from '@bigrid/node';
import { decodeImage } from '@bigrid/node/internal';
import sharp from 'sharp';
import { foreignFile, foreignNode } from '../packages/graph/testing/foreign-model.ts';
import { manifestMetadata, trainedValues } from '../packages/inspect/src/bundle/bundle.ts';
import { exampleManifest } from '../packages/inspect/testing/example-manifest.ts';
import { readMask } from '../packages/node/src/images/images.ts';
import { drifts, logs, streams, tiffPages } from './file-targets.ts';
import { asFile, type Target, workFolder } from './target.ts';
import { checkpoints, replays, states } from './training-targets.ts';

const encode = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

const bundles: Target = {
  name: 'bundle',
  mostMemory: 100,
  async corpus() {
    const graph = new Graph('small');
    const tensors = {
      'features.mean': float32([2], [1, 2]),
      'features.deviation': float32([2], [1, 2]),
      half: tensor('float16', [2], Uint16Array.of(0x3c00, 0x8000)),
      counts: tensor('int64', [2], BigInt64Array.of(-1n, 2n ** 40n)),
    };
    for (const [name, value] of Object.entries(tensors)) {
      graph.output(`${name} again`, graph.initialiser(name, value));
    }
    graph.output('same', graph.input('value', 'float32', [1]));
    return [toModel(graph, { metadata: manifestMetadata(exampleManifest) })];
  },
  read(bytes) {
    const bundle = openBundle(bytes);
    trainedValues(bundle);
    openBundle(withManifest(bundle, bundle.manifest).bytes);
  },
};

const manifests: Target = {
  name: 'manifest',
  mostMemory: 100,
  async corpus() {
    return [encode(exampleManifest)];
  },
  read: (bytes) => parseManifest(Buffer.from(bytes).toString('utf8')),
};

const foreignModels: Target = {
  name: 'onnx',
  mostMemory: 100,
  async corpus() {
    const conv = foreignNode('Conv', ['x', 'w'], ['c'], { strides: [2, 2], group: 1 });
    const tensors = [
      { name: 'w', type: 1, shape: [4, 3, 1, 1], floats: new Array<number>(12).fill(0.5) },
    ];
    return [
      foreignFile([foreignNode('Relu', ['x'], ['a']), foreignNode('Sigmoid', ['a'], ['b'])]),
      foreignFile([conv, foreignNode('LeakyRelu', ['c'], ['d'], { alpha: { float: 0.1 } })], {
        tensors,
      }),
      foreignFile([foreignNode('Pad', ['x'], ['p'], { mode: 'reflect' })], { version: 11 }),
    ];
  },
  read(bytes) {
    const model = readForeignModel(bytes);
    for (const node of model.nodes) node.attributes();
    for (const initialiser of model.initialisers.values()) initialiser();
    const last = model.nodes.at(-1)?.outputs[0];
    if (last === undefined) return;
    const graph = new Graph('foreign');
    const image = graph.input('image', 'float32', [1, 3, 8, 8]);
    for (const value of importModel(model, image, [last], 'backbone.')) graph.output('y', value);
    toModel(graph);
  },
};

/** A file of tensors: a length, a header, then their bytes. */
function safetensorsFile(tensors: Readonly<Record<string, Tensor>>): Uint8Array {
  const types: Partial<Record<ElementType, string>> = {
    float32: 'F32',
    float16: 'F16',
    int64: 'I64',
    uint8: 'U8',
  };
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let data = Buffer.alloc(0);
  for (const [name, value] of Object.entries(tensors)) {
    const start = data.length;
    data = Buffer.concat([data, bytesOf(value)]);
    const { type, shape } = value;
    header[name] = { dtype: types[type], shape, data_offsets: [start, data.length] };
  }
  const text = encode(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const safetensors: Target = {
  name: 'safetensors',
  mostMemory: 100,
  corpus: async () => [
    safetensorsFile({
      weight: float32([2, 3], [1, -2, 3.5, 0, 1e-8, 6]),
      half: tensor('float16', [2], Uint16Array.of(0x3c00, 0x8000)),
      long: tensor('int64', [1], BigInt64Array.of(-(2n ** 40n))),
      byte: tensor('uint8', [3], Uint8Array.of(1, 2, 255)),
    }),
  ],
  read: readSafetensors,
};

/** Files of tensors named as in known networks but with other sizes: each is refused with a reason. */
const weights: Target = {
  name: 'weights',
  mostMemory: 100,
  async corpus() {
    const kernel = float32([1, 1, 1, 1], [1]);
    const normalised = (name: string) =>
      Object.fromEntries(
        ['weight', 'bias', 'running_mean', 'running_var'].map((part) => [
          `${name}.${part}`,
          float32([1], [1]),
        ]),
      );
    return [
      safetensorsFile({
        'conv1.weight': kernel,
        ...normalised('bn1'),
        'layer1.0.conv1.weight': kernel,
        'layer1.0.conv2.weight': kernel,
        'layer1.1.conv1.weight': kernel,
      }),
      safetensorsFile({ 'blocks.0.0.conv_dw.weight': kernel, 'conv_stem.weight': kernel }),
      safetensorsFile({ 'blocks.0.depthwise_conv.weight': kernel, 'stem.weight': kernel }),
      safetensorsFile({
        'embeddings.cls_token': kernel,
        'encoder.layer.0.norm1.weight': kernel,
        'encoder.layer.0.attention.attention.query.weight': kernel,
        'encoder.layer.0.attention.attention.key.weight': kernel,
      }),
    ];
  },
  read(bytes) {
    const tensors = readSafetensors(bytes);
    for (const network of [resNet, efficientNet, efficientNetLite0, dinov2]) {
      try {
        network(tensors);
      } catch (error) {
        if (!isBigridError(error, 'WEIGHTS_INVALID')) throw error;
      }
    }
  },
};

const side = 4;
const smallImage = (channels: 3 | 4) =>
  sharp(Buffer.alloc(side * side * channels, 120), {
    raw: { width: side, height: side, channels },
  });

const bitmap = (bits: number, palette = 0) => {
  const stride = Math.ceil((side * bits) / 32) * 4;
  const first = 54 + palette * 4;
  const bytes = Buffer.alloc(first + stride * side, 60);
  bytes.fill(0, 0, 54);
  bytes.write('BM');
  bytes.writeUInt32LE(first, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(side, 18);
  bytes.writeInt32LE(side, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(bits, 28);
  return bytes;
};

const images: Target = {
  name: 'image',
  // A header of a few bytes may state 10,000 x 10,000 pixels, which the decoder then allocates and fills.
  mostMemory: 900,
  mostSeconds: 10,
  async corpus() {
    const [rgb, rgba] = [smallImage(3), smallImage(4)];
    return Promise.all([
      rgb.clone().png().toBuffer(),
      rgba.clone().png({ palette: true }).toBuffer(),
      rgb.clone().jpeg().withMetadata({ orientation: 6 }).toBuffer(),
      rgb.clone().webp().toBuffer(),
      rgb.clone().tiff({ compression: 'none' }).toBuffer(),
      rgb.clone().tiff({ compression: 'lzw' }).toBuffer(),
      rgb.clone().gif().toBuffer(),
      rgb.clone().avif().toBuffer(),
      ...bitmaps(),
    ]);
  },
  read: (bytes) => decodeImage(bytes, 'input'),
};

const bitmaps = () => [bitmap(1, 2), bitmap(4, 16), bitmap(8, 256), bitmap(24), bitmap(32)];

const bmp: Target = {
  name: 'bmp',
  mostMemory: 100,
  corpus: async () => bitmaps(),
  read: (bytes) => decodeImage(Buffer.concat([Buffer.from('BM'), bytes.subarray(2)]), 'input'),
};

/** A folder with the images that lists name; the list itself is the input. */
class ListedImages implements Target {
  readonly name: string;
  readonly mostMemory = 80;
  readonly #file: string;
  readonly #examples: readonly unknown[];
  #folder: string | undefined;

  constructor(name: string, file: string, examples: readonly unknown[]) {
    this.name = name;
    this.#file = file;
    this.#examples = examples;
  }

  corpus = async () => this.#examples.map(encode);

  read = async (bytes: Uint8Array) => {
    const folder = await this.#prepared();
    const file = join(folder, 'part', this.#file);
    writeFileSync(file, bytes);
    const { classes } = await openDataset(file, { s3Root: folder });
    for (const { test } of classes) for (const { readMask } of test) await readMask?.();
  };

  async #prepared(): Promise<string> {
    if (this.#folder !== undefined) return this.#folder;
    const folder = workFolder();
    mkdirSync(join(folder, 'part'));
    const png = await smallImage(3).png().toBuffer();
    for (const name of ['a', 'b', 'm']) writeFileSync(join(folder, 'part', `${name}.png`), png);
    this.#folder = folder;
    return folder;
  }
}

const image = (id: number, file: string) => ({ id, file_name: file, width: side, height: side });
const coco = new ListedImages('coco', 'test.json', [
  {
    images: [image(1, 'a.png'), image(2, 'b.png')],
    annotations: [
      { image_id: 1, category_id: 1, segmentation: [[0, 0, 3, 0, 3, 3, 1, 2]] },
      { image_id: 1, category_id: 2, segmentation: { counts: [4, 8, 4], size: [side, side] } },
    ],
    categories: [
      { id: 1, name: 'scratch' },
      { id: 2, name: 'chip' },
    ],
  },
  {
    images: [image(1, 'a.png')],
    annotations: [{ image_id: 1, category_id: 1, segmentation: [[0, 0, 3, 0, 3, 3, 1, 2]] }],
    categories: [{ id: 1, name: 'scratch' }],
  },
]);

const label = (name: string) => ({
  'anomaly-label': name === 'normal' ? 0 : 1,
  'anomaly-label-metadata': { 'class-name': name, type: 'groundtruth/image-classification' },
});
const groundTruth = new ListedImages('ground-truth', 'test.manifest', [
  [
    { 'source-ref': 'a.png', ...label('normal') },
    {
      'source-ref': 's3://part/b.png',
      ...label('anomaly'),
      'anomaly-mask-ref': 's3://bucket/part/m.png',
      'anomaly-mask-ref-metadata': {
        'internal-color-map': { '0': { 'class-name': 'BACKGROUND', 'hex-color': '#ffffff' } },
        type: 'groundtruth/semantic-segmentation',
      },
    },
  ]
    .map((line) => JSON.stringify(line))
    .join('\n'),
]);

const visa = new ListedImages('visa', 'test.csv', [
  'object,split,label,image,mask\n.,train,normal,a.png,\n.,test,anomaly,b.png,m.png\n',
]);

const masks: Target = {
  name: 'mask',
  mostMemory: images.mostMemory,
  mostSeconds: 10,
  corpus: images.corpus,
  read: (bytes) => asFile(bytes, readMask),
};

export const targets: readonly Target[] = [
  bundles,
  manifests,
  foreignModels,
  safetensors,
  weights,
  bmp,
  images,
  masks,
  coco,
  groundTruth,
  visa,
  tiffPages,
  logs,
  drifts,
  streams,
  states,
  checkpoints,
  replays,
];
