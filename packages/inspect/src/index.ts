export {
  type ElementType,
  type Port,
  readPorts,
  type WeightPrecision,
  weightPrecisions,
} from '@bigrid/graph';
export {
  type Bundle,
  openBundle,
  weightsOf,
  withManifest,
  withWeightsIn,
} from './bundle/bundle.ts';
export {
  type Calibration,
  MANIFEST_KEY,
  type Manifest,
  manifestSchema,
  modelIdOf,
  parseManifest,
} from './bundle/manifest.ts';
export { type MapScale, mapScaleOf } from './bundle/map-scale.ts';
export {
  leastScores,
  parseRule,
  type ThresholdRule,
  thresholdRules,
} from './bundle/threshold-rules.ts';
export {
  askForDefects,
  type CalibrationScores,
  calibrate,
  type Judgement,
  judge,
  type ThresholdRules,
  type Thresholds,
  underRules,
} from './calibration/calibration.ts';
export { confidenceOf } from './calibration/confidence.ts';
export {
  driftOf,
  FALSE_DRIFT_RATE,
  type LoggedInspection,
  type MeasureDrift,
  type MeasureName,
  type SampleSummary,
  summaryOf,
} from './calibration/drift.ts';
export {
  type LabelledScores,
  type OperatingPoint,
  operatingPoints,
  underLabelledRules,
} from './calibration/operating-points.ts';
export {
  describePromise,
  ENOUGH_PARTS,
  PROMISE_CONFIDENCE,
  type Promised,
  promised,
} from './calibration/promise.ts';
export { upperRateBound } from './calibration/rate-bound.ts';
export { scoreImages } from './calibration/scoring.ts';
export { checkArgument, checkOptions } from './check-options.ts';
export { bordersOf } from './detection/borders.ts';
export { type AnomalyMap, Detector, type Inspection, imageTensor } from './detection/detector.ts';
export { ignoredShare, ignoring } from './detection/ignored-area.ts';
export { type Region, regionsOf } from './detection/regions.ts';
export { digest, toHex } from './digest.ts';
export {
  type EvaluatedDefect,
  type EvaluatedImage,
  type Evaluation,
  evaluate,
  isAnomalous,
  type SeenImage,
} from './evaluate.ts';
export type { OnEvent, Phase, PreviewMap, WorkEvent } from './events.ts';
export {
  FINGERPRINT_BITS,
  type Fingerprint,
  fingerprintDistance,
  fingerprintOf,
  groupNearDuplicates,
} from './fingerprint.ts';
export { heatRamp } from './heat-ramp.ts';
export {
  type ImageStatistics,
  imageStatistics,
  type StatisticName,
  statisticNames,
} from './image-statistics.ts';
export { type FailedInspection, inspect, type Verdict, verdictOf } from './inspect.ts';
export {
  confidenceLevel,
  type Interval,
  type Intervals,
  imageResamples,
  pixelResamples,
} from './metrics/bootstrap.ts';
export { labelComponents } from './metrics/connected-components.ts';
export { resizeMaskNearest } from './metrics/masks.ts';
export type { ClassCurves, Metrics } from './metrics/metrics.ts';
export { ascending, median } from './metrics/order.ts';
export { type AurocComparison, compareAuroc, mcNemar } from './metrics/paired.ts';
export { auroc } from './metrics/ranking.ts';
export { type InspectOneOptions, OpenDetector } from './open-detector.ts';
export type {
  Checkpoint,
  Image,
  ImageEntry,
  KeepReplay,
  LabelledEntry,
  Mask,
  OpenScratch,
  Replay,
  Scratch,
  TrainingEngines,
} from './ports.ts';
export { type RecalibrateInput, recalibrate } from './recalibrate.ts';
export { type TrainInput, train } from './train.ts';
export { LEAST_IMAGES, type TrainingClass } from './training/hold-out.ts';
export {
  type ResolvedTrainOptions,
  resolveTrainOptions,
  trainOptionsSchema,
} from './training/options.ts';
export type { TrainOptions } from './training/train-options.ts';
export { unlearnt } from './unlearnt.ts';
export { type Update, type UpdatedImage, update } from './update.ts';
export { DECODE_AHEAD, inOrder, type TakeRoom } from './work.ts';
