import { fail } from '@bigrid/errors';
import {
  bytesOf,
  float16ToFloat32,
  type Graph,
  readModel,
  rounded,
  type Tensor,
  tensor,
  toModel,
  type WeightPrecision,
  withMetadata,
  withStoredWeights,
} from '@bigrid/graph';
import {
  type Backbone,
  EXPECTED,
  extractor,
  type FeatureStatistics,
  GAUSSIANS,
  LIGHT,
  MEMORY,
  type ParameterValues,
} from '@bigrid/method';
import { MANIFEST_KEY, type Manifest, parseManifest } from './manifest.ts';

/** A trained model: the bytes of its ONNX file and the manifest read from them. */
export interface Bundle {
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

/**
 * Reads a bundle, without running code from it or trusting the sizes that it states.
 * @throws BUNDLE_INVALID, BUNDLE_TOO_NEW
 */
export function openBundle(bytes: Uint8Array): Bundle {
  const model = readModel(bytes);
  return { bytes, manifest: parseManifest(model.metadata.get(MANIFEST_KEY)) };
}

/** The same model with another manifest, for example a recalibrated one. */
export function withManifest({ bytes }: Pick<Bundle, 'bytes'>, manifest: Manifest): Bundle {
  return { bytes: withMetadata(bytes, manifestMetadata(manifest)), manifest };
}

/** The model of a trained graph; {@link withManifest} turns it into a bundle once it is calibrated. */
export function trainedModel(graph: Graph, producerVersion: string): Pick<Bundle, 'bytes'> {
  const description =
    'Visual anomaly detection trained by Bigrid: see the manifest in metadata_props.';
  return { bytes: toModel(graph, { description, producerVersion }) };
}

/** The precision that the weights of a bundle are stored in; undefined if they are as training wrote them. */
export function weightsOf({ bytes }: Pick<Bundle, 'bytes'>): WeightPrecision | undefined {
  return readModel(bytes).weights;
}

/**
 * The same model with its weights in fewer bits: it computes as before, with rounded weights. With int8, those of the
 * frozen network are float16, since the others were trained on its outputs.
 * @throws OPTION_INVALID if the weights are stored in fewer bits already
 */
export function withWeightsIn(bundle: Bundle, precision: WeightPrecision): Bundle {
  const weights = weightsOf(bundle);
  if (weights) {
    fail(
      'OPTION_INVALID',
      `Expected a model file as training wrote it but received one whose weights are ${weights} already`,
      {
        remedy:
          'Give the model file that training wrote, before its weights were stored in fewer bits.',
      },
    );
  }
  const kept = [
    LIGHT,
    ...[EXPECTED, GAUSSIANS, MEMORY].flatMap((names) => Object.values<string>(names)),
  ];
  const bytes = withStoredWeights(bundle.bytes, (name) => {
    // Statistics of the errors and normal cells, not weights: rounding them shows in the score.
    if (kept.includes(name) || CONSTANT.test(name)) return undefined;
    return name.startsWith(BACKBONE_PREFIX) ? BACKBONE_PRECISION : precision;
  });
  return { ...bundle, bytes };
}

/** The manifest as `metadata_props`. */
export function manifestMetadata(manifest: Manifest): Record<string, string> {
  return { [MANIFEST_KEY]: JSON.stringify(manifest) };
}

/** Names of tensors that a graph computes with and that were not learnt, such as the weights of a resize. */
const CONSTANT = /(^|\/)constant_\d+$/;
/** Prefix of the names of the frozen network's tensors. */
const BACKBONE_PREFIX = 'backbone.';
/** The precision of its weights, if stored in fewer bits. */
const BACKBONE_PRECISION: WeightPrecision = 'float16';

/** What training continues from. */
export interface TrainedValues {
  /** All tensors except those of the frozen backbone. */
  readonly parameters: ParameterValues;
  readonly statistics: FeatureStatistics;
}

/** @throws BUNDLE_INVALID if it has no statistics of the features */
export function trainedValues(bundle: Bundle): TrainedValues {
  const { initialisers } = readModel(bundle.bytes);
  const parameters: ParameterValues = new Map();
  for (const [name, value] of initialisers) {
    if (name.startsWith(BACKBONE_PREFIX)) continue;
    const data = asFloat32(value);
    if (data) parameters.set(name, tensor('float32', value.shape, data));
  }
  const perChannel = (name: string) =>
    parameters.get(name)?.data ??
    fail('BUNDLE_INVALID', `Expected an initialiser ${name} in the model file but received none`);
  return {
    parameters,
    statistics: { mean: perChannel('features.mean'), deviation: perChannel('features.deviation') },
  };
}

/** @throws OPTION_INVALID if the bundle was trained with another backbone */
export function checkSameBackbone({ bytes, manifest }: Bundle, backbone: Backbone): void {
  const { initialisers } = extractor(backbone, manifest.method).graph;
  const { initialisers: trained, weights } = readModel(bytes);
  for (const [name, value] of initialisers) {
    if (!name.startsWith(BACKBONE_PREFIX)) continue;
    const other = trained.get(name);
    const expected = weights ? rounded(value, BACKBONE_PRECISION) : value;
    if (other && sameBytes(bytesOf(other), bytesOf(expected))) continue;
    fail(
      'OPTION_INVALID',
      `Expected the backbone ${manifest.backbone.name} that the model was trained with but received another: its ${name} ${other ? 'differs' : 'is not in the model file'}`,
    );
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function asFloat32(value: Tensor): Float32Array | undefined {
  if (value.type === 'float32') return value.data as Float32Array;
  if (value.type === 'float16') return float16ToFloat32(value.data as Uint16Array);
  // Directions are stored in 8 bits without a scale: their lengths do not matter.
  return value.type === 'int8' ? Float32Array.from(value.data as Int8Array) : undefined;
}
