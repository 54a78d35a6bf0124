import { checkArgument, checkOptions, trainOptionsSchema, weightPrecisions } from '@bigrid/inspect';
import { z } from 'zod';
import type { CalibrateRequest } from './calibrate.ts';
import { datasetOptionsSchema } from './datasets/dataset.ts';
import type { DetectorOptions } from './detector.ts';
import type { CheckDataOptions } from './doctor/data.ts';
import type { DriftOptions } from './drift.ts';
import { type EngineOptions, engineOptionsSchema } from './engine/engine.ts';
import type { EvaluateOptions } from './evaluate.ts';
import type { ExportRequest } from './export.ts';
import { callback, optional, path, type Shape, signal } from './files/option-schemas.ts';
import { isImageInput } from './images/image-input.ts';
import type { InspectOptions } from './inspect.ts';
import type { TrainRequest } from './train.ts';
import type { BackboneFile } from './training/backbones.ts';
import type { UpdateRequest } from './update.ts';
import type { WorkOptions } from './work-options.ts';

const rule = z.string().meta({ expected: 'the text of a rule' });
const mean = z.tuple([z.number(), z.number(), z.number()]).meta({ expected: 'three numbers' });
const model = z
  .custom(isBundle)
  .or(z.instanceof(Uint8Array))
  .or(path)
  .meta({ expected: 'the path of a model file, its bytes or a bundle' });
const image = z.custom(isImageInput);

function isBundle(value: unknown): boolean {
  const { bytes, manifest } = (value ?? {}) as { bytes?: unknown; manifest?: unknown };
  return bytes instanceof Uint8Array && typeof manifest === 'object' && manifest !== null;
}

const dataset = datasetOptionsSchema.shape;
const engine = engineOptionsSchema.shape;
const work: Shape<WorkOptions> = { ...engine, onEvent: callback, signal };
const rules = { threshold: rule, unsure: rule };
const detector: Shape<DetectorOptions> = {
  ...engine,
  ...rules,
  mask: path,
  smallestRegion: z.number().min(0).max(1e8).describe('Leave out regions of fewer pixels'),
};
const backbone: Shape<BackboneFile> = {
  backbone: path,
  backboneMean: mean,
  backboneDeviation: mean,
};

/** The options of each function of the API. */
export const requestSchemas = {
  train: optional<TrainRequest>({
    ...trainOptionsSchema.shape,
    ...backbone,
    ...dataset,
    ...rules,
    ...work,
    out: path,
    mask: path,
    from: model,
    resume: z.boolean(),
    checkpointSeconds: z
      .number()
      .min(0)
      .max(86_400)
      .describe('Seconds from one checkpoint to the next (default: 10)'),
    preview: z.array(image).meta({ expected: 'a list of images or paths' }),
  }),
  calibrate: optional<CalibrateRequest>({
    ...rules,
    ...work,
    dir: path,
    allowSuspect: z.boolean(),
    mask: path,
    out: path,
  }),
  update: optional<UpdateRequest>({
    ...backbone,
    ...dataset,
    ...work,
    replay: trainOptionsSchema.shape.replay,
    replayFrom: path,
    allowSuspect: z.boolean(),
    out: path,
  }),
  openDetector: optional<DetectorOptions>(detector),
  inspect: optional<InspectOptions>({ ...detector, ...work }),
  evaluate: optional<EvaluateOptions>({ ...dataset, ...work, mask: path, onImage: callback }),
  exportBundle: optional<ExportRequest>({
    ...work,
    weights: z.enum(weightPrecisions),
    calibrateOn: path,
    allowSuspect: z.boolean(),
    out: path,
    triton: path,
    name: z.string().min(1),
  }),
  drift: optional<DriftOptions>({
    last: z.int().min(10).max(10_000).describe('Latest inspections to compare (default: 100)'),
  }),
  checkData: optional<CheckDataOptions>({ ...dataset, ...engine, onImage: callback, signal }),
  checkBundle: optional<EngineOptions>(engine),
  checkMachine: optional<EngineOptions>(engine),
};

/** Checks the options passed to a function. @throws OPTION_INVALID */
export function checkRequest(verb: keyof typeof requestSchemas, given: unknown): void {
  checkOptions(requestSchemas[verb], given, verb);
}

const trainingImages = path
  .or(z.array(image).min(1))
  .or(
    z
      .record(z.string().min(1), z.array(image).min(1))
      .refine((classes) => Object.keys(classes).length > 0),
  )
  .meta({ expected: 'a path, a list of images, or such lists by the names of classes' });

const argumentSchemas = {
  dir: path,
  file: path,
  log: path,
  manifest: z.looseObject({}).meta({ expected: 'the manifest of a bundle' }),
  mask: path,
  model,
  images: z
    .array(image)
    .or(z.custom((value) => typeof Object(value)[Symbol.asyncIterator] === 'function'))
    .meta({ expected: 'a list of images or paths, or an async iterable of images' }),
};

/** Checks the arguments passed to a function, by name. @throws OPTION_INVALID */
export function checkArguments(
  given: Readonly<Partial<Record<keyof typeof argumentSchemas, unknown>>>,
): void {
  for (const [name, value] of Object.entries(given)) {
    checkArgument(argumentSchemas[name as keyof typeof argumentSchemas], value, name);
  }
}

/** Checks what training was given to learn. @throws OPTION_INVALID */
export function checkTrainingImages(given: unknown): void {
  checkArgument(trainingImages, given, 'images');
}
