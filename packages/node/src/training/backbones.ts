import { createRequire } from 'node:module';
import { basename, extname } from 'node:path';
import { fail } from '@bigrid/errors';
import type { Engine, Tensor } from '@bigrid/graph';
import type { Bundle } from '@bigrid/inspect';
import {
  type Backbone,
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

/** Three numbers for red, green and blue, of 0..255. */
export type Rgb = readonly [number, number, number];

/** Which frozen network describes the images. */
export interface BackboneFile {
  /**
   * File of a network: weights (`.safetensors`) of a ResNet or an EfficientNet, told by their names and shapes, or
   * any ONNX model (`.onnx`) of an image. Default: the EfficientNet-Lite0 that Bigrid carries.
   */
  readonly backbone?: string | undefined;
  /** Mean of the images that it was trained with, where it is not what the network states. */
  readonly backboneMean?: Rgb | undefined;
  /** Their deviation. */
  readonly backboneDeviation?: Rgb | undefined;
}

export interface BackboneChoice extends BackboneFile {
  /** Where it is tapped. An ONNX model needs it: names of its values, or of its nodes. */
  readonly taps?: readonly Tap[] | undefined;
}

/**
 * Opens the backbone chosen, and lays its name and taps over the method.
 * @param from bundle to go on from: its method is kept, and its backbone is asked for again
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
      `Expected \`backbone\` with the file of ${expected} again, which the bundle was trained with, but received none`,
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
  /** Name of an ONNX model; weights tell their own. */
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
        `Expected \`taps\` with names of values in ${file}, for a model does not tell which describe an image, but received none`,
      );
    default:
      return fail(
        'OPTION_INVALID',
        `Expected a .safetensors or .onnx file for \`backbone\` but received ${file}`,
      );
  }
}

/** The network that weights are of, told by the names of their first blocks. */
function fromWeights(weights: ReadonlyMap<string, Tensor>): Backbone {
  if (weights.has('layer1.0.conv1.weight')) return resNet(weights);
  if (weights.has('blocks.0.depthwise_conv.weight')) return efficientNetLite0(weights);
  if (weights.has('blocks.0.0.conv_dw.weight')) return efficientNet(weights);
  const names = [...weights.keys()].slice(0, 3).join(', ') || 'none';
  return fail(
    'WEIGHTS_INVALID',
    `Expected weights of a ResNet, a WideResNet or an EfficientNet by the names of timm or torchvision but received ${weights.size} tensors, the first of them ${names}; other networks can be given as .onnx`,
  );
}

/** What was said, then what the bundle was trained with, then what the network states. */
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

/** The backbone that the package carries. */
export async function embeddedBackbone(): Promise<Backbone> {
  const file = createRequire(import.meta.url).resolve(
    '@bigrid/method/assets/efficientnet_lite0.safetensors',
  );
  return efficientNetLite0(readSafetensors(await readFile(file)));
}
