// The public API: functions, types and errors. What only the command line and the benchmarks need is in internal.ts.

export { BigridError, type ErrorCode, errorRegistry, isBigridError } from '@bigrid/errors';
export type {
  AnomalyMap,
  Bundle,
  Calibration,
  ClassCurves,
  EvaluatedDefect,
  EvaluatedImage,
  Evaluation,
  FailedInspection,
  Image,
  ImageEntry,
  Inspection,
  InspectOneOptions,
  Interval,
  Intervals,
  Judgement,
  LabelledEntry,
  Manifest,
  MapScale,
  Mask,
  MeasureDrift,
  MeasureName,
  Metrics,
  OnEvent,
  OpenDetector,
  Phase,
  PreviewMap,
  Region,
  SeenImage,
  TakeRoom,
  ThresholdRules,
  TrainingClass,
  TrainOptions,
  Update,
  UpdatedImage,
  Verdict,
  WeightPrecision,
  WorkEvent,
} from '@bigrid/inspect';
export { describePromise, mapScaleOf } from '@bigrid/inspect';
export { type CalibrateRequest, calibrate } from './calibrate.ts';
export type {
  Dataset,
  DatasetClass,
  DatasetOptions,
  Ignored,
  LayoutName,
} from './datasets/dataset.ts';
export {
  listImages,
  openTestFolder,
  openTrainingFolder,
  type TrainingFolder,
} from './datasets/folders.ts';
export { type ImageGroup, imageGroups } from './datasets/image-groups.ts';
export { openDataset } from './datasets/open-dataset.ts';
export { type DetectorOptions, openDetector } from './detector.ts';
export { checkBundle } from './doctor/bundle.ts';
export { type CheckDataOptions, checkData } from './doctor/data.ts';
export type { Diagnosis, Finding } from './doctor/diagnosis.ts';
export { checkMachine } from './doctor/machine.ts';
export { type Drift, type DriftOptions, drift } from './drift.ts';
export { type Device, type EngineOptions, onnxRuntimeEngine } from './engine/engine.ts';
export { type EvaluateOptions, evaluate } from './evaluate.ts';
export { type Exported, type ExportRequest, exportBundle } from './export.ts';
export { drawHeatMap, type HeatMapOptions } from './images/heat-map.ts';
export {
  type ImageInput,
  imageFromBytes,
  imageFromRaw,
  type PixelFormat,
  type RawFrame,
} from './images/image-input.ts';
export { imageEntry, readImage } from './images/images.ts';
export { drawThumbnail, type Thumbnail, type ThumbnailOptions } from './images/thumbnail.ts';
export { type InspectOptions, inspect } from './inspect.ts';
export { type ModelSource, readBundle } from './model-file.ts';
export { type TrainRequest, train } from './train.ts';
export type { BackboneFile, Rgb } from './training/backbones.ts';
export type { TrainingImages } from './training-images.ts';
export { type UpdateRequest, update } from './update.ts';
export { version } from './version.ts';
export type { InspectionRecord } from './watching/read-log.ts';
export type { WorkOptions } from './work-options.ts';
