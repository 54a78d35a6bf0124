export { channelWeights, imageScore, MAP_SIZE } from './anomaly-map.ts';
export type { Backbone, Tap } from './backbones/backbone.ts';
export { dinov2 } from './backbones/dinov2.ts';
export {
  type EfficientNetVariant,
  efficientNet,
  efficientNetVariants,
  lastBlocksAtStrides,
} from './backbones/efficientnet.ts';
export { efficientNetLite0 } from './backbones/efficientnet-lite.ts';
export { type OnnxBackboneOptions, onnxBackbone } from './backbones/onnx.ts';
export { type ResNetVariant, resNet, resNetVariants } from './backbones/resnet.ts';
export {
  COUNTED,
  detector,
  errorMeter,
  extractor,
  gaussianMeter,
  mapSizeOf,
  resizer,
} from './detector.ts';
export { EXPECTED } from './expectation.ts';
export { pasteMask, swapMask } from './feature-block-paste.ts';
export type { Taps } from './features.ts';
export { GAUSSIANS, gaussianSums, placesAlong } from './gaussians.ts';
export { LIGHT, lightReader } from './light.ts';
export { freeKinds, MEMORY, memoryReader } from './memory.ts';
export {
  type MethodOptions,
  MOST_TILES,
  methodOptionsSchema,
  type Profile,
  type ProfileName,
  profileNames,
  profiles,
  type Schedule,
  scheduleSchema,
} from './options.ts';
export { initialValue, type Parameter, type ParameterValues } from './parameters.ts';
export { Random, type RandomState } from './random.ts';
export { readSafetensors } from './safetensors.ts';
export { stageMap } from './stage-map.ts';
export { onlyRestores, rebuildsNothing, type Stage, stagesOf, tellsPastedCells } from './stages.ts';
export { imageCells, originsTensor, tileOrigins, tilesAlong } from './tiles.ts';
export { type FeatureStatistics, trainingStep } from './training-step.ts';
export { packedShape, packTriangles, unpackTriangles } from './triangles.ts';
export { variationWidth } from './variation.ts';
