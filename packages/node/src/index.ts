export type {
  Bundle,
  EvaluatedDefect,
  EvaluatedPicture,
  Evaluation,
  FailedInspection,
  Interval,
  Intervals,
  Judgement,
  Manifest,
  MeasureDrift,
  Metrics,
  OnEvent,
  PictureEntry,
  Port,
  Region,
  SeenPicture,
  Update,
  UpdatedPicture,
  Verdict,
  WorkEvent,
} from '@bigrid/inspect';
export {
  ignoredShare,
  readPorts,
  regionsOf,
  trainOptionsSchema,
  underRules,
  weightsOf,
} from '@bigrid/inspect';
export {
  type CalibrateRequest,
  calibrate,
  type EvaluateOptions,
  evaluate,
  type InspectOptions,
  inspect,
  readBundle,
  type TrainRequest,
  train,
  type WorkOptions,
  withMask,
} from './api.ts';
export type { BackboneFile, Rgb } from './backbones.ts';
export { checkpointPath, hasCheckpoint } from './checkpoint-folder.ts';
export { type ContactSheet, type ContactSheetOptions, drawContactSheet } from './contact-sheet.ts';
export type {
  Dataset,
  DatasetClass,
  DatasetOptions,
  Ignored,
  LayoutName,
} from './datasets/dataset.ts';
export { type KindOfPictures, kindsOfPictures } from './datasets/kinds.ts';
export { openDataset } from './datasets/open-dataset.ts';
export { checkBundle } from './doctor/bundle.ts';
export { type CheckDataOptions, checkData } from './doctor/data.ts';
export type { Diagnosis, Finding } from './doctor/diagnosis.ts';
export { checkMachine } from './doctor/machine.ts';
export { type Drift, type DriftOptions, drift } from './drift.ts';
export { type Device, type EngineOptions, onnxRuntimeEngine } from './engine.ts';
export { type Exported, type ExportRequest, exportBundle } from './export.ts';
export { assertWritable, writeAtomically } from './files.ts';
export { listPictures, openTestFolder, openTrainingFolder } from './folders.ts';
export { drawHeatMap, type HeatMapOptions } from './heat-map.ts';
export {
  type FileStamp,
  InspectionLog,
  identify,
  type Logged,
  type LoggedOutcome,
  stampOf,
  statisticsOf,
} from './inspection-log.ts';
export { freeName, moveFile } from './move-file.ts';
export { picturesOfStream } from './picture-stream.ts';
export { decodePicture, pictureEntry, readPicture } from './pictures.ts';
export { replayPath } from './replay-folder.ts';
export { describeMove, measureWords, renderDrift } from './report/drift-page.ts';
export { Report, type ReportOptions } from './report/report.ts';
export { countOutcomes } from './report/summary.ts';
export { type SyntheticLine, type SyntheticLineOptions, writeSyntheticLine } from './synthetic.ts';
export { type UpdateRequest, update } from './update.ts';
export { version } from './version.ts';
export { FolderWatch, type WatchedPicture, type WatchOptions } from './watch-folder.ts';
export { Webhook, type WebhookOptions } from './webhook.ts';
