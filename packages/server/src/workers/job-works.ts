import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isBigridError } from '@bigrid/errors';
import {
  calibrate,
  checkData,
  describePromise,
  drawThumbnail,
  drift,
  evaluate,
  inspect,
  type Manifest,
  readBundle,
  type SeenImage,
  type TrainRequest,
  train,
  update,
} from '@bigrid/node';
import {
  InspectionLog,
  identify,
  replayPath,
  statisticsOf,
  underRules,
  writeAtomically,
} from '@bigrid/node/internal';
import { Report } from '@bigrid/report';
import { jobFiles, replayName } from '../job-files.ts';
import type { JobContext, JobTools } from './job-context.ts';
import type { JobKind, JobTask, ShownModel } from './job-messages.ts';
import { inspectImages } from './job-scores.ts';

type Work = (task: JobTask, context: JobContext, tools: JobTools) => Promise<object>;

/** The profile whose backbone is not in the package. */
const ACCURATE = 'accurate';

/** What each kind of job does. The result is stored as JSON; a model goes to a file in the folder of the job. */
export const works: Record<JobKind, Work> = {
  train: trainModel,
  evaluate: evaluateModel,
  calibrate: calibrateModel,
  update: updateModel,
  doctor: checkImages,
  drift: measureDrift,
  inspect: inspectImages,
};

/** Resumes from the checkpoint of an earlier process, if it was of the same training. */
async function trainModel(
  { folder, replays, options, ...files }: JobTask,
  context: JobContext,
  tools: JobTools,
) {
  const out = join(folder, jobFiles.model);
  const backbone = options.profile === ACCURATE ? files.backbone : undefined;
  const own = { out, mask: context.mask, preview: context.testPaths, backbone };
  const request: TrainRequest = { ...options, ...tools, ...own };
  const { manifest } = await train(context.images, { ...request, resume: true }).catch(
    (error: unknown) => {
      const isOther =
        isBigridError(error, 'CHECKPOINT_MISMATCH') || isBigridError(error, 'CHECKPOINT_INVALID');
      if (!isOther) throw error;
      return train(context.images, request);
    },
  );
  await keepReplay(out, manifest, replays);
  return { training: manifest.training, ...thresholdsOf(manifest) };
}

/** The report goes to a file in the folder of the job. */
async function evaluateModel(
  { folder, model, shown, options }: JobTask,
  context: JobContext,
  tools: JobTools,
) {
  const bundle = await readBundle(model as string);
  const { title, rules } = shown as ShownModel;
  const report = new Report(underRules(bundle.manifest, rules), { title, drawThumbnail });
  const onImage = (seen: SeenImage) => report.add(seen);
  const request = { ...options, ...tools, mask: context.mask, onImage };
  const evaluation = await evaluate(bundle, context.images, request);
  const page = context.shortened(await report.render(evaluation));
  await writeAtomically(join(folder, jobFiles.report), page);
  const { mean, intervals, defects, images, failed, withoutMask } = evaluation;
  return {
    metrics: mean,
    intervals: intervals.mean,
    kinds: defects.map(({ className: _, ...metrics }) => metrics),
    images: images.map(({ entry, score }) => ({
      ...context.imageAt(entry.path),
      kind: entry.defect,
      score,
    })),
    failed: failed.map(({ path, error }) => ({ ...context.imageAt(path), code: error.code })),
    withoutMask: withoutMask.length,
  };
}

async function calibrateModel(
  { folder, model, options }: JobTask,
  context: JobContext,
  tools: JobTools,
) {
  const { manifest } = await calibrate(model as string, {
    ...options,
    ...tools,
    dir: context.images,
    mask: context.mask,
    out: join(folder, jobFiles.model),
  });
  return { scored: manifest.calibration.scores.length, ...thresholdsOf(manifest) };
}

async function updateModel(task: JobTask, context: JobContext, tools: JobTools) {
  const { folder, model, replays, options } = task;
  const before = await readBundle(model as string);
  const out = join(folder, jobFiles.model);
  const { bundle, images } = await update(model as string, context.images, {
    ...options,
    ...tools,
    backbone: before.manifest.profile === ACCURATE ? task.backbone : undefined,
    replayFrom: join(replays, replayName(before.manifest)),
    out,
  });
  await keepReplay(out, bundle.manifest, replays);
  return {
    update: bundle.manifest.updates?.at(-1),
    images: images.map(({ path, ...seen }) => ({ ...context.imageAt(path), ...seen })),
    ...thresholdsOf(bundle.manifest),
  };
}

async function checkImages(
  { options }: JobTask,
  context: JobContext,
  { onEvent, signal }: JobTools,
) {
  const { facts, findings } = await checkData(context.images, {
    ...options,
    signal,
    onImage: (done, total) =>
      onEvent({ type: 'progress', phase: 'inspecting', done, total, secondsLeft: undefined }),
  });
  return {
    facts: Object.fromEntries(facts),
    findings: findings.map(({ paths, message, ...finding }) => ({
      ...finding,
      message: context.shortened(message),
      images: paths?.map((group) => group.map((path) => context.imageAt(path))),
    })),
  };
}

/** Inspects the images, and compares them with those of calibration. */
async function measureDrift(
  { folder, model, options }: JobTask,
  context: JobContext,
  tools: JobTools,
) {
  const { last, ...engine } = options as { last?: number };
  const bundle = await readBundle(model as string);
  const path = join(folder, 'inspections.jsonl');
  await rm(path, { force: true });
  const log = await InspectionLog.open(path, identify(bundle));
  try {
    for await (const seen of inspect(bundle, context.paths, { ...engine, ...tools })) {
      if ('error' in seen) continue;
      const { entry, score, verdict, unknown } = seen;
      const line = { path: entry.path, score, verdict, unknown, ...statisticsOf(seen) };
      await log.append(line, undefined);
    }
  } finally {
    await log.close();
  }
  const { measures, drifted, compared } = await drift(bundle, path, { last });
  return { drifted, measures, inspected: compared.count };
}

function thresholdsOf({ calibration }: Manifest) {
  const { threshold, unsure, origin } = calibration;
  return {
    threshold,
    unsureThreshold: unsure?.threshold,
    origin,
    promise: describePromise(calibration),
  };
}

/** Moves the good images that a training kept to where updates of its model look for them. */
async function keepReplay(out: string, manifest: Manifest, replays: string): Promise<void> {
  const target = join(replays, replayName(manifest));
  await mkdir(replays, { recursive: true });
  await rename(await replayPath(out), target).catch((error: NodeJS.ErrnoException) => {
    // None were kept.
    if (error.code !== 'ENOENT') throw error;
  });
}
