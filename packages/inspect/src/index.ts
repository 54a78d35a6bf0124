export { type Bundle, openBundle, withManifest } from './bundle.ts';
export { type CalibrationScores, calibrate, underRule } from './calibration.ts';
export { confidenceOf } from './confidence.ts';
export { type AnomalyMap, Detector, type Inspection } from './detector.ts';
export {
  type EvaluatedDefect,
  type EvaluatedPicture,
  type Evaluation,
  evaluate,
  isAnomalous,
  type SeenPicture,
} from './evaluate.ts';
export type { OnEvent, Phase, WorkEvent } from './events.ts';
export type { TrainingClass } from './hold-out.ts';
export { type FailedInspection, inspect, type Verdict } from './inspect.ts';
export {
  type Calibration,
  MANIFEST_KEY,
  type Manifest,
  manifestSchema,
  parseManifest,
} from './manifest.ts';
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
export type { LabelledEntry, Mask, Picture, PictureEntry, Scratch } from './ports.ts';
export { type RecalibrateInput, recalibrate } from './recalibrate.ts';
export { scorePictures } from './scoring.ts';
export { parseRule, type ThresholdRule, thresholdRules } from './threshold-rules.ts';
export { type TrainInput, train } from './train.ts';
