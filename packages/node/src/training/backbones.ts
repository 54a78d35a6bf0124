import { createRequire } from 'node:module';
import { basename, extname } from 'node:path';
import { fail } from '@bigrid/errors';
import type { Engine, Tensor } from '@bigrid/graph';
import type { Bundle } from '@bigrid/inspect';
import {
  type Backbone,
  dinov2,
  efficientNet,
  efficientNetLite0,
  type MethodOptions,
  onnxBackbone,
  readSafetensors,
  resNet,
  type Tap,
} from '@bigrid/method';
import { readBytes } from '../files/files.ts';
import { readFile } from '../files/system.ts';

/** Red, green and blue, each 0..255. */
export type Rgb = readonly [number, number, number];

/** The file of the frozen backbone. */
export interface BackboneFile {
  /**
   * Path of weights (`.safetensors`) of a ResNet, an EfficientNet or a DINOv2, recognised by the names and shapes of its tensors, or
   * of an ONNX model (`.onnx`) that takes an image. Default: the embedded EfficientNet-Lite0.
   */
  readonly backbone?: string | undefined;
  /** Mean of its training images per channel, if it differs from what the network states. */
  readonly backboneMean?: Rgb | undefined;
  /** Their standard deviation per channel. */
  readonly backboneDeviation?: Rgb | undefined;
}

export interface BackboneChoice extends BackboneFile {
  /** Names of the layers to use; required for an ONNX model: names of values or nodes. */
  readonly taps?: readonly Tap[] | undefined;
}

/**
 * Opens the chosen backbone, and sets its name and taps in the method.
 * @param from bundle to continue from: its method is kept, and the same backbone is required
 * @throws PATH_MISSING, PATH_UNREADABLE, WEIGHTS_INVALID, OPTION_INVALID, ENGINE_FAILED
 */
export async function openBackbone(
  choice: BackboneChoice,
  method: MethodOptions,
  engine: Engine,
  from: Bundle | undefined,
): Promise<{ backbone: Backbone; method: MethodOptions }> {
  const { backbone: file } = choice;
  checkNormalisation(choice);
  if (file === undefined) {
    const backbone = await embeddedBackbone();
    const expected = from?.manifest.method.backbone ?? backbone.name;
    if (expected === backbone.name) return { backbone: normalised(backbone, choice, from), method };
    return fail(
      'OPTION_INVALID',
      `Expected the file of ${expected}, which the model was trained with, for \`backbone\` but received none`,
    );
  }
  const taps = from?.manifest.method.taps ?? choice.taps;
  const opened = await openFile(file, {
    engine,
    name: from?.manifest.method.backbone ?? basename(file, extname(file)),
    taps,
    inputSize: (from?.manifest.method ?? method).inputSize,
  });
  const backbone = normalised(opened, choice, from);
  const fitting = method.backbone === backbone.name ? method.taps : backbone.defaultTaps;
  return {
    backbone,
    method: { ...method, backbone: backbone.name, taps: [...(taps ?? fitting ?? method.taps)] },
  };
}

interface FileOptions {
  readonly engine: Engine;
  /** Name of an ONNX model; weights have their own. */
  readonly name: string;
  readonly taps: readonly Tap[] | undefined;
  readonly inputSize: number;
}

async function openFile(file: string, { taps, ...options }: FileOptions): Promise<Backbone> {
  switch (extname(file).toLowerCase()) {
    case '.safetensors':
      return fromWeights(readSafetensors(await readBytes(file)));
    case '.onnx':
      if (taps?.length) return onnxBackbone(await readBytes(file), { ...options, taps });
      return fail(
        'OPTION_INVALID',
        `Expected names of values in ${file} for \`taps\`, because a model does not state which describe an image, but received none`,
      );
    default:
      return fail(
        'OPTION_INVALID',
        `Expected a .safetensors or .onnx file for \`backbone\` but received ${file}`,
      );
  }
}

/** The network of the weights, recognised by the names of its first blocks. */
function fromWeights(weights: ReadonlyMap<string, Tensor>): Backbone {
  if (weights.has('layer1.0.conv1.weight')) return resNet(weights);
  if (weights.has('blocks.0.depthwise_conv.weight')) return efficientNetLite0(weights);
  if (weights.has('blocks.0.0.conv_dw.weight')) return efficientNet(weights);
  if (weights.has('patch_embed.proj.weight') || weights.has('embeddings.cls_token')) {
    return dinov2(weights);
  }
  const names = [...weights.keys()].slice(0, 3).join(', ') || 'none';
  return fail(
    'WEIGHTS_INVALID',
    `Expected weights of a ResNet, a WideResNet, an EfficientNet or a DINOv2 with names as in timm, torchvision or Hugging Face but received ${weights.size} tensors, starting with ${names}; use .onnx for other networks`,
  );
}

/** Normalisation: as given, or as the bundle was trained with, or as the network states. */
function normalised(
  backbone: Backbone,
  choice: BackboneChoice,
  from: Bundle | undefined,
): Backbone {
  const kept = from?.manifest.backbone;
  return {
    ...backbone,
    mean: choice.backboneMean ?? kept?.mean ?? backbone.mean,
    deviation: choice.backboneDeviation ?? kept?.deviation ?? backbone.deviation,
  };
}

function checkNormalisation({ backboneMean, backboneDeviation }: BackboneChoice): void {
  const check = (name: string, values: Rgb | undefined, isValid: (value: number) => boolean) => {
    if (values === undefined || (values.length === 3 && values.every(isValid))) return;
    fail(
      'OPTION_INVALID',
      `Expected three numbers of 0..255, such as 123.7,116.3,103.5, for \`${name}\` but received ${values.join(',')}`,
    );
  };
  check('backboneMean', backboneMean, (value) => value >= 0 && value <= 255);
  check('backboneDeviation', backboneDeviation, (value) => value > 0 && value <= 255);
}

/** The backbone embedded in the package. */
export async function embeddedBackbone(): Promise<Backbone> {
  const file = createRequire(import.meta.url).resolve(
    '@bigrid/method/assets/efficientnet_lite0.safetensors',
  );
  return efficientNetLite0(readSafetensors(await readFile(file)));
}
