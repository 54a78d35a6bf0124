export { type ElementType, type Port, readPorts, type WeightPrecision } from '@bigrid/graph';
export { bordersOf } from './borders.ts';
export { type Bundle, openBundle, weightsOf, withManifest, withWeightsIn } from './bundle.ts';
export {
  type CalibrationScores,
  calibrate,
  type Judgement,
  judge,
  type ThresholdRules,
  underRules,
} from './calibration.ts';
export { confidenceOf } from './confidence.ts';
export { type AnomalyMap, Detector, type Inspection, imageTensor } from './detector.ts';
export {
  driftOf,
  FALSE_DRIFT_RATE,
  type LoggedInspection,
  type MeasureDrift,
  type MeasureName,
} from './drift.ts';
export {
  type EvaluatedDefect,
  type EvaluatedPicture,
  type Evaluation,
  evaluate,
  isAnomalous,
  type SeenPicture,
} from './evaluate.ts';
export type { OnEvent, Phase, WorkEvent } from './events.ts';
export {
  FINGERPRINT_BITS,
  type Fingerprint,
  fingerprintDistance,
  fingerprintOf,
  groupNearDuplicates,
} from './fingerprint.ts';
export { LEAST_PICTURES, mostHeldOut, type TrainingClass } from './hold-out.ts';
export { ignoredShare, ignoring } from './ignored-area.ts';
export { type FailedInspection, inspect, type Verdict } from './inspect.ts';
export {
  type Calibration,
  MANIFEST_KEY,
  type Manifest,
  manifestSchema,
  parseManifest,
} from './manifest.ts';
export type { MapScale } from './map-scale.ts';
export {
  confidenceLevel,
  type Interval,
  type Intervals,
  imageResamples,
  pixelResamples,
} from './metrics/bootstrap.ts';
export { labelComponents } from './metrics/connected-components.ts';
export type { ClassCurves, Metrics } from './metrics/metrics.ts';
export {
  type ResolvedTrainOptions,
  resolveTrainOptions,
  type TrainOptions,
  trainOptionsSchema,
} from './options.ts';
export {
  type PictureStatistics,
  pictureStatistics,
  type StatisticName,
  statisticNames,
} from './picture-statistics.ts';
export type {
  Checkpoint,
  KeepReplay,
  LabelledEntry,
  Mask,
  OpenScratch,
  Picture,
  PictureEntry,
  Replay,
  Scratch,
} from './ports.ts';
export { type RecalibrateInput, recalibrate } from './recalibrate.ts';
export { type Region, regionsOf } from './regions.ts';
export { scorePictures } from './scoring.ts';
export { leastScores, parseRule, type ThresholdRule, thresholdRules } from './threshold-rules.ts';
export { type TrainInput, train } from './train.ts';
export { type Update, type UpdatedPicture, update } from './update.ts';
export { DECODE_AHEAD, inOrder } from './work.ts';
