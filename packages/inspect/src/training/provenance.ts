import { learntFrom } from '../bundle/learnt.ts';
import { type Calibration, MANIFEST_VERSION, type Manifest } from '../bundle/manifest.ts';
import type { ScoredImage } from '../calibration/scoring.ts';
import type { TrainInput } from '../train.ts';
import { imagesAt } from './feature-extraction.ts';
import type { FoldTraining, Learnt } from './learn.ts';
import type { TrainingPlan } from './plan.ts';

export interface TrainedModel {
  readonly input: TrainInput;
  readonly plan: TrainingPlan;
  readonly fold: FoldTraining;
  /** Names of the classes that lie freely. */
  readonly free: readonly string[];
  readonly learnt: Learnt;
  /** Number of held-out images that could be scored. */
  readonly scored: number;
  readonly calibration: Calibration;
}

/** The manifest of a trained model: how and from what it was made, and its calibration. */
export function trainedManifest(trained: TrainedModel): Manifest {
  const { input, plan, fold, free, learnt, scored, calibration } = trained;
  const { extraction, training, heldOut } = fold;
  const { name, licence, mean, deviation } = plan.backbone;
  const given = input.classes.reduce((sum, { entries }) => sum + entries.length, 0);
  const leftOut = given - plan.entries.length;
  const digests = imagesAt(extraction, training).map(({ digest }) => digest);
  return {
    manifestVersion: MANIFEST_VERSION,
    bigridVersion: plan.version,
    createdAt: input.now().toISOString(),
    classes: plan.classes.map(({ name }) => name),
    profile: input.profile,
    method: plan.method,
    schedule: plan.schedule,
    backbone: { name, licence, mean: [...mean], deviation: [...deviation] },
    calibration,
    training: {
      seed: plan.seed,
      images: learnt.features.count,
      heldOut: scored,
      ...(leftOut > 0 ? { leftOut } : {}),
      ...(free.length > 0 ? { free: [...free] } : {}),
      skipped: extraction.skipped + heldOut.length - scored,
      steps: learnt.steps,
      dataHash: learnt.features.dataHash,
      engine: plan.engine.description,
    },
    learnt: learntFrom(digests, input.from?.manifest.learnt),
  };
}

export interface UpdatedModel {
  /** The manifest before the update. */
  readonly manifest: Manifest;
  readonly calibration: Calibration;
  readonly at: Date;
  /** The new images that were learnt. */
  readonly learnt: readonly Pick<ScoredImage, 'digest'>[];
  /** Number of new images held out. */
  readonly heldOut: number;
  readonly steps: number;
}

/** The manifest of an updated model: the manifest before, with the new calibration and an entry for the update. */
export function updatedManifest(updated: UpdatedModel): Manifest {
  const { manifest, calibration, learnt, heldOut, steps } = updated;
  const at = updated.at.toISOString();
  const digests = learnt.map(({ digest }) => digest);
  return {
    ...manifest,
    calibration: { ...calibration, measuredAt: at },
    updates: [...(manifest.updates ?? []), { at, images: digests.length, heldOut, steps }],
    learnt: learntFrom(digests, manifest.learnt),
  };
}
