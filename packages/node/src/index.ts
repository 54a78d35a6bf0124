export type {
  Bundle,
  EvaluatedDefect,
  EvaluatedImage,
  Evaluation,
  FailedInspection,
  ImageEntry,
  InspectOneOptions,
  Interval,
  Intervals,
  Judgement,
  LabelledScores,
  Manifest,
  MeasureDrift,
  Metrics,
  OnEvent,
  OpenDetector,
  OperatingPoint,
  Port,
  Region,
  SeenImage,
  Update,
  UpdatedImage,
  Verdict,
  WorkEvent,
} from '@bigrid/inspect';
export {
  askForDefects,
  describePromise,
  ignoredShare,
  isAnomalous,
  judge,
  mapScaleOf,
  median,
  modelIdOf,
  operatingPoints,
  readPorts,
  regionsOf,
  trainOptionsSchema,
  underLabelledRules,
  underRules,
  unlearnt,
  weightsOf,
} from '@bigrid/inspect';
export { type CalibrateRequest, calibrate } from './calibrate.ts';
export {
  type ContactSheet,
  type ContactSheetOptions,
  drawContactSheet,
} from './datasets/contact-sheet.ts';
export type {
  Dataset,
  DatasetClass,
  DatasetOptions,
  Ignored,
  LayoutName,
} from './datasets/dataset.ts';
export { listImages, openTestFolder, openTrainingFolder } from './datasets/folders.ts';
export { type KindOfImages, kindsOfImages } from './datasets/kinds.ts';
export { openDataset } from './datasets/open-dataset.ts';
export { type DetectorOptions, openDetector } from './detector.ts';
export { checkBundle } from './doctor/bundle.ts';
export { type CheckDataOptions, checkData } from './doctor/data.ts';
export type { Diagnosis, Finding } from './doctor/diagnosis.ts';
export { checkMachine } from './doctor/machine.ts';
export { type Drift, type DriftOptions, drift } from './drift.ts';
export {
  type Device,
  type EngineOptions,
  engineOptionsSchema,
  onnxRuntimeEngine,
} from './engine/engine.ts';
export { type EvaluateOptions, evaluate } from './evaluate.ts';
export { type Exported, type ExportRequest, exportBundle } from './export.ts';
export { assertWritable, reasonOf, writeAtomically } from './files/files.ts';
export { freeName, moveFile } from './files/move-file.ts';
export { decodeName, systemPath } from './files/names.ts';
export { encodeNpy } from './files/npy.ts';
export { drawHeatMap, type HeatMapOptions } from './images/heat-map.ts';
export {
  type ImageInput,
  imageFromBytes,
  imageFromRaw,
  type PixelFormat,
  type RawFrame,
} from './images/image-input.ts';
export { imagesOfStream } from './images/image-stream.ts';
export { decodeImage, imageEntry, readImage } from './images/images.ts';
export { drawThumbnail, type Thumbnail, type ThumbnailOptions } from './images/thumbnail.ts';
export { imagesInFile } from './images/tiff-pages.ts';
export { type InspectOptions, inspect } from './inspect.ts';
export { type ModelSource, readBundle, withMask } from './model-file.ts';
export { type TrainRequest, train } from './train.ts';
export type { BackboneFile, Rgb } from './training/backbones.ts';
export { checkpointPath, hasCheckpoint } from './training/checkpoint-folder.ts';
export { replayPath } from './training/replay-folder.ts';
export type { TrainingImages } from './training-images.ts';
export { type UpdateRequest, update } from './update.ts';
export { version } from './version.ts';
export {
  type FileStamp,
  InspectionLog,
  identify,
  isPiped,
  type Logged,
  type LoggedOutcome,
  stampOf,
  statisticsOf,
} from './watching/inspection-log.ts';
export { FolderWatch, type WatchedImage, type WatchOptions } from './watching/watch-folder.ts';
export { Webhook, type WebhookOptions } from './watching/webhook.ts';
export type { WorkOptions } from './work-options.ts';
