// What the command line and the benchmarks need besides the public API of index.ts. Not stable: it may change in any version.

export {
  type AurocComparison,
  askForDefects,
  auroc,
  compareAuroc,
  type ImageStatistics,
  ignoredShare,
  imageStatistics,
  isAnomalous,
  judge,
  type LabelledScores,
  manifestSchema,
  mcNemar,
  median,
  modelIdOf,
  type OperatingPoint,
  operatingPoints,
  type Port,
  readPorts,
  type SampleSummary,
  type StatisticName,
  statisticNames,
  summaryOf,
  trainOptionsSchema,
  underLabelledRules,
  underRules,
  unlearnt,
  verdictOf,
  weightsOf,
} from '@bigrid/inspect';
export { segmentationMask } from './datasets/coco-mask.ts';
export {
  type ContactSheet,
  type ContactSheetOptions,
  drawContactSheet,
} from './datasets/contact-sheet.ts';
export { type ComparedInspection, compareInspections } from './drift.ts';
export { engineOptionsSchema } from './engine/engine.ts';
export {
  assertWritable,
  failToRead,
  failToWrite,
  reasonOf,
  writeAtomically,
} from './files/files.ts';
export { holdAlone } from './files/hold-alone.ts';
export { freeName, moveFile } from './files/move-file.ts';
export { decodeName, systemPath } from './files/names.ts';
export { encodeNpy } from './files/npy.ts';
export { imageKind } from './images/image-kind.ts';
export { encodedImages, imagesOfStream } from './images/image-stream.ts';
export { decodeImage, encodeMask, imageEntry } from './images/images.ts';
export { isImageName } from './images/listing.ts';
export { drawPreview } from './images/thumbnail.ts';
export { imagesInFile } from './images/tiff-pages.ts';
export { withMask } from './model-file.ts';
export { requestSchemas } from './requests.ts';
export { writeSyntheticLine } from './synthetic/line.ts';
export {
  checkpointFiles,
  checkpointPath,
  hasCheckpoint,
} from './training/checkpoint-folder.ts';
export { replayPath } from './training/replay-folder.ts';
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
export { postLine, Webhook, type WebhookOptions } from './watching/webhook.ts';
