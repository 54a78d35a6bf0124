export type {
  Bundle,
  Evaluation,
  FailedInspection,
  Manifest,
  Metrics,
  OnEvent,
  PictureEntry,
  Verdict,
  WorkEvent,
} from '@bigrid/inspect';
export { trainOptionsSchema, underRule } from '@bigrid/inspect';
export { mapSizeOf } from '@bigrid/method';
export {
  type CalibrateRequest,
  calibrate,
  evaluate,
  type InspectOptions,
  inspect,
  readBundle,
  type TrainRequest,
  train,
  type WorkOptions,
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
export { type Device, type EngineOptions, onnxRuntimeEngine } from './engine.ts';
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
} from './inspection-log.ts';
export { freeName, moveFile } from './move-file.ts';
export { picturesOfStream } from './picture-stream.ts';
export { decodePicture, pictureEntry, readPicture } from './pictures.ts';
export { type ReportOptions, renderReport } from './report/report.ts';
export { countOutcomes } from './report/summary.ts';
export { type SyntheticLine, type SyntheticLineOptions, writeSyntheticLine } from './synthetic.ts';
export { version } from './version.ts';
export { FolderWatch, type WatchedPicture, type WatchOptions } from './watch-folder.ts';
export { Webhook, type WebhookOptions } from './webhook.ts';
