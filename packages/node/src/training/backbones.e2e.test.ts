import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesOf, float32, type Tensor } from '@bigrid/graph';
import { Random } from '@bigrid/method';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formula, weightOf } from '../../../method/testing/formula.ts';
import { inspect } from '../inspect.ts';
import { type TrainRequest, train } from '../train.ts';

/** A Python with the packages of tools/requirements.txt: without one, ONNX's own checker is left out. */
const { BIGRID_PYTHON: python } = process.env;
const goldens = new URL('../../../method/src/goldens/', import.meta.url);
const taps = ['/block1/joined', '/block2/Relu'];

let folder = '';
const at = (...parts: string[]) => join(folder, ...parts);
const tiny = { epochs: 1, size: 64, threads: 1 } as const;
const learn = (request: TrainRequest) => train(at('good'), { ...tiny, ...request });
const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-backbones-'));
  await mkdir(at('good'));
  for (let seed = 0; seed < 8; seed++) await writeImage(at('good', `${seed}.png`), seed);
  await copyFile(new URL('foreign.onnx', goldens), at('foreign.onnx'));
  await writeFile(at('resnet18.safetensors'), await resNetFile());
  await writeFile(at('dinov2.safetensors'), await dinov2File());
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeImage(path: string, seed: number): Promise<void> {
  const random = new Random(seed).fork('image');
  const raw = { width: 64, height: 64, channels: 3 } as const;
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) =>
    Math.floor(100 + 60 * Math.sin(i / 40) + random.uniform(-8, 8)),
  );
  await sharp(data, { raw }).png().toFile(path);
}

/** A ResNet-18 with weights from a formula, as a file. */
async function resNetFile(): Promise<Uint8Array> {
  const { variants } = JSON.parse(await readFile(new URL('resnet.json', goldens), 'utf8'));
  const shapes = Object.entries(variants.resnet18 as Record<string, number[]>);
  return safetensors(shapes.map(([name, shape]) => [name, weightOf(name, shape)]));
}

/** A ViT-S/14 with weights from a formula in its first block, and only names behind it. */
async function dinov2File(): Promise<Uint8Array> {
  const { variants } = JSON.parse(await readFile(new URL('dinov2.json', goldens), 'utf8'));
  const shapes = Object.entries(variants.vit_small_patch14_dinov2 as Record<string, number[]>);
  return safetensors(
    shapes.map(([name, shape]) => [
      name,
      weightOf(name, /blocks\.(?!0\.)/.test(name) ? [1] : shape),
    ]),
  );
}

function safetensors(tensors: readonly (readonly [name: string, value: Tensor])[]): Uint8Array {
  let end = 0;
  const header = Object.fromEntries(
    tensors.map(([name, { shape, data }]) => {
      const offsets = [end, end + data.byteLength];
      end += data.byteLength;
      return [name, { dtype: 'F32', shape, data_offsets: offsets }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...tensors.map(([, value]) => bytesOf(value))]);
}

describe('an ONNX model of others', () => {
  it('is trained over, and its bundle inspects', async () => {
    const out = at('over-foreign.onnx');
    const { manifest } = await learn({ out, backbone: at('foreign.onnx'), taps });
    expect(manifest.method).toMatchObject({ backbone: 'foreign', taps, inputSize: 64 });
    expect(manifest.backbone).toEqual({
      name: 'foreign',
      licence: 'CC0-1.0',
      mean: [120, 110.5, 100],
      deviation: [60, 61, 62],
    });
    let count = 0;
    for await (const verdict of inspect(out, [at('good')], { threads: 1 })) {
      count++;
      expect(verdict).toMatchObject({
        score: expect.any(Number),
        isAnomalous: expect.any(Boolean),
      });
    }
    expect(count).toBe(8);
    const checker = fileURLToPath(new URL('../../../../tools/check-onnx.py', import.meta.url));
    if (python) execFileSync(python, [checker, out]);
  });

  it('is normalised as was said', async () => {
    const { manifest } = await learn({
      backbone: at('foreign.onnx'),
      taps,
      backboneMean: [1, 2, 3],
      backboneDeviation: [4, 5, 6],
    });
    expect(manifest.backbone).toMatchObject({ mean: [1, 2, 3], deviation: [4, 5, 6] });
  });

  it.each<[string, TrainRequest, string, RegExp]>([
    [
      'without taps',
      {},
      'OPTION_INVALID',
      /^Expected names of values in .*foreign\.onnx for `taps`/,
    ],
    [
      'with a tap that there is not',
      { taps: ['block1'] },
      'OPTION_INVALID',
      /such as \/block1\/joined/,
    ],
    ['tapped behind an unknown operator', { taps: ['logits'] }, 'WEIGHTS_INVALID', /FusedHead/],
    [
      'with deviations of 0',
      { taps, backboneDeviation: [0, 1, 1] },
      'OPTION_INVALID',
      /received 0,1,1$/,
    ],
    ['at an unknown path', { taps, backbone: '/nowhere.onnx' }, 'PATH_MISSING', /nowhere/],
  ])('%s is refused', async (_, request, code, message) => {
    const attempt = learn({ backbone: at('foreign.onnx'), ...request });
    await expect(attempt).rejects.toThrow(refused(code, message));
  });
});

describe('weights', () => {
  it('of a ResNet are recognised by their names, and have the usual taps', async () => {
    const { manifest } = await learn({ backbone: at('resnet18.safetensors') });
    expect(manifest.method).toMatchObject({
      backbone: 'resnet18',
      taps: ['layer1', 'layer2', 'layer3'],
    });
  });

  it('of DINOv2 are recognised by their names, and refuse a size that does not fit their patches', async () => {
    const { manifest } = await learn({ backbone: at('dinov2.safetensors'), taps: [0], size: 70 });
    expect(manifest.method).toMatchObject({
      backbone: 'vit_small_patch14_dinov2',
      inputSize: 70,
      cells: 9,
    });
    await expect(learn({ backbone: at('dinov2.safetensors'), taps: [0] })).rejects.toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        remedy: 'Choose such a `size`, for example 70, or the profile accurate.',
      }),
    );
  });

  it('are required by the profile accurate', async () => {
    await expect(learn({ profile: 'accurate', size: 70 })).rejects.toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message:
          'Expected weights of vit_small_patch14_dinov2 as the backbone for the profile accurate but received efficientnet-lite0',
        remedy: expect.stringContaining("timm's vit_small_patch14_dinov2.lvd142m"),
      }),
    );
  });

  it('of the backbone that Bigrid carries give the bundle that it gives', async () => {
    const assets = new URL(
      '../../../method/assets/efficientnet_lite0.safetensors',
      import.meta.url,
    );
    const [given, carried] = [await learn({ backbone: fileURLToPath(assets) }), await learn({})];
    expect(given.manifest.calibration).toEqual(carried.manifest.calibration);
    expect(given.manifest.method).toEqual(carried.manifest.method);
  });

  it('of another network are refused', async () => {
    await writeFile(at('other.safetensors'), safetensors([['head.weight', weightOf('w', [2])]]));
    await expect(learn({ backbone: at('other.safetensors') })).rejects.toThrow(
      refused('WEIGHTS_INVALID', /1 tensors, starting with head\.weight/),
    );
  });

  it('in another kind of file are refused', async () => {
    await expect(learn({ backbone: at('weights.pth') })).rejects.toThrow(
      refused('OPTION_INVALID', /^Expected a \.safetensors or \.onnx file for `backbone`/),
    );
  });
});

describe('going on from a bundle', () => {
  it('takes the same backbone again, under any name, and keeps its normalisation', async () => {
    const request = { backbone: at('foreign.onnx'), taps, backboneMean: [1, 2, 3] } as const;
    const from = await learn(request);
    await copyFile(at('foreign.onnx'), at('renamed.onnx'));
    const { manifest } = await train(at('good'), {
      epochs: 1,
      threads: 1,
      from,
      backbone: at('renamed.onnx'),
    });
    expect(manifest.method).toEqual(from.manifest.method);
    expect(manifest.backbone).toEqual(from.manifest.backbone);
  });

  it('asks for it where it is not given', async () => {
    const from = await learn({ backbone: at('foreign.onnx'), taps });
    await expect(learn({ from })).rejects.toThrow(
      refused('OPTION_INVALID', /^Expected the file of foreign, .* for `backbone`/),
    );
  });

  it('refuses another one of the same name', async () => {
    const from = await learn({ backbone: at('foreign.onnx'), taps });
    const bytes = await readFile(at('foreign.onnx'));
    // The first number of the first weight, as tools/goldens/foreign.py makes it.
    const [value] = formula('stem.weight', 1);
    const number = bytesOf(float32([1], [Math.fround(0.4) * (value as number)]));
    bytes.writeFloatLE(0.25, bytes.indexOf(number));
    await writeFile(at('spoilt.onnx'), bytes);
    await expect(learn({ from, backbone: at('spoilt.onnx') })).rejects.toThrow(
      refused('OPTION_INVALID', /^Expected the backbone foreign that .* differs$/),
    );
  });
});
