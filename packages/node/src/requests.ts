import { checkArgument, checkOptions, trainOptionsSchema, weightPrecisions } from '@bigrid/inspect';
import { z } from 'zod';
import type { CalibrateRequest } from './calibrate.ts';
import { datasetOptionsSchema } from './datasets/dataset.ts';
import type { CheckDataOptions } from './doctor/data.ts';
import type { DriftOptions } from './drift.ts';
import { type EngineOptions, engineOptionsSchema } from './engine/engine.ts';
import type { EvaluateOptions } from './evaluate.ts';
import type { ExportRequest } from './export.ts';
import { callback, optional, path, type Shape, signal } from './files/option-schemas.ts';
import type { InspectOptions } from './inspect.ts';
import type { TrainRequest } from './train.ts';
import type { BackboneFile } from './training/backbones.ts';
import type { UpdateRequest } from './update.ts';
import type { WorkOptions } from './work-options.ts';

const rule = z.string().meta({ expected: 'the text of a rule' });
const mean = z.tuple([z.number(), z.number(), z.number()]).meta({ expected: 'three numbers' });
const bundle = z.custom(isBundle).or(path).meta({ expected: 'a bundle or the path of its file' });

function isBundle(value: unknown): boolean {
  const { bytes, manifest } = (value ?? {}) as { bytes?: unknown; manifest?: unknown };
  return bytes instanceof Uint8Array && typeof manifest === 'object' && manifest !== null;
}

const dataset = datasetOptionsSchema.shape;
const engine = engineOptionsSchema.shape;
const work: Shape<WorkOptions> = { ...engine, onEvent: callback, signal };
const rules = { threshold: rule, unsure: rule };
const backbone: Shape<BackboneFile> = {
  backbone: path,
  backboneMean: mean,
  backboneDeviation: mean,
};

/** What each verb takes beside its arguments. */
const schemas = {
  train: optional<TrainRequest>({
    ...trainOptionsSchema.shape,
    ...backbone,
    ...dataset,
    ...rules,
    ...work,
    out: path,
    mask: path,
    from: bundle,
    resume: z.boolean(),
    checkpointSeconds: z.number().min(0).max(86_400),
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
  inspect: optional<InspectOptions>({
    ...rules,
    ...work,
    mask: path,
    smallestRegion: z.number().min(0).max(1e8),
  }),
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
  drift: optional<DriftOptions>({ last: z.int().min(10).max(10_000) }),
  checkData: optional<CheckDataOptions>({ ...dataset, ...engine, onImage: callback, signal }),
  checkBundle: optional<EngineOptions>(engine),
  checkMachine: optional<EngineOptions>(engine),
};

/** Checks the options that a verb was given. @throws OPTION_INVALID */
export function checkRequest(verb: keyof typeof schemas, given: unknown): void {
  checkOptions(schemas[verb], given, verb);
}

const argumentSchemas = {
  bundle,
  dir: path,
  file: path,
  log: path,
  manifest: z.looseObject({}).meta({ expected: 'the manifest of a bundle' }),
  mask: path,
  paths: z
    .array(path)
    .or(z.custom((value) => typeof Object(value)[Symbol.asyncIterator] === 'function'))
    .meta({ expected: 'a list of paths or an async iterable of images' }),
};

/** Checks arguments of a verb, by their names. @throws OPTION_INVALID */
export function checkArguments(
  given: Readonly<Partial<Record<keyof typeof argumentSchemas, unknown>>>,
): void {
  for (const [name, value] of Object.entries(given)) {
    checkArgument(argumentSchemas[name as keyof typeof argumentSchemas], value, name);
  }
}
