import { type MethodOptions, type ProfileName, Random, type Schedule } from '@bigrid/method';
import { type Bundle, withManifest } from './bundle/bundle.ts';
import type { ThresholdRules } from './calibration/calibration.ts';
import { groupNearDuplicates } from './fingerprint.ts';
import type { Checkpoint, ImageEntry, KeepReplay, Mask, TrainingPorts } from './ports.ts';
import { build } from './training/build.ts';
import { calibrateTrained } from './training/calibrate.ts';
import { crossFit, scoreHeldOut } from './training/cross-fitting.ts';
import { type Extraction, entriesAt, extractFeatures } from './training/feature-extraction.ts';
import {
  checkRules,
  type Folds,
  type HoldOutInput,
  holdOut,
  type TrainingClass,
  wantedGroups,
} from './training/hold-out.ts';
import { type FoldTraining, learn } from './training/learn.ts';
import { measure } from './training/measure.ts';
import { type FreeImages, findFreeImages } from './training/memory/orientation.ts';
import { planTraining, type TrainingPlan } from './training/plan.ts';
import { Previews } from './training/previews.ts';
import { trainedManifest } from './training/provenance.ts';
import { keepReplay } from './training/replay.ts';

export interface TrainInput extends TrainingPorts {
  /** Saves the progress of this training, and holds what an earlier run saved. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Extracts the features; a benchmark that trains repeatedly on the same images passes one that caches them. */
  readonly extract?: typeof extractFeatures | undefined;
  readonly classes: readonly TrainingClass[];
  readonly profile: ProfileName;
  readonly method: MethodOptions;
  readonly schedule: Schedule;
  /** Longest side of a tile, in pixels. Default: images are not divided into tiles. */
  readonly tile?: number | 'auto' | undefined;
  readonly seed: number;
  readonly version: string;
  /** Continue from this bundle, with its method, its feature statistics and its weights. */
  readonly from?: Bundle | undefined;
  /** Mask of the area to ignore in every image, in training and in inspection; an image's own mask overrides it. */
  readonly ignored?: Mask | undefined;
  /** Threshold rules. Default: quantile:0.99, and no `unsure` band. */
  readonly rules?: ThresholdRules | undefined;
  /** Keeps some of the images for later updates. */
  readonly replay?: KeepReplay | undefined;
  /** Shows maps of these images, and of some that are held out, while the model learns. Default: none are made. */
  readonly preview?: readonly ImageEntry[] | undefined;
}

/**
 * Trains GRAD on good images and calibrates it on images it was not trained on: those held out and, where they are too few,
 * others scored by cross-fitting. The steps: read, split, learn, measure, build, calibrate, keep. Resumed from a checkpoint
 * of the same training, it produces the same bundle, byte for byte.
 * @throws OPTION_INVALID where the method needs another backbone; DATA_TOO_FEW, THRESHOLD_UNSUPPORTED, CANCELLED,
 *   ENGINE_FAILED, CHECKPOINT_MISMATCH, CHECKPOINT_INVALID
 */
export async function train(input: TrainInput): Promise<Bundle> {
  const { rules, seed } = input;
  const plan = await planTraining(input);
  const extraction = await (input.extract ?? extractFeatures)(plan);
  let free: FreeImages | undefined;
  let previews: Previews | undefined;
  try {
    const { images } = extraction;
    const prints = images.map(({ fingerprint }) => fingerprint);
    free = await findFreeImages(plan, extraction, groupNearDuplicates(prints));
    const { images: freely } = free;
    const groups = groupNearDuplicates(prints, (at) => freely.has(at));
    const split = splitForRules(plan, { images, groups }, input);

    // The model's own fold is learnt last, so that a checkpoint needs only the scores of the folds before it.
    const folds = split.folds.map((fold): FoldTraining => ({ plan, extraction, free, ...fold }));
    const [fold, ...others] = folds as [FoldTraining, ...FoldTraining[]];
    const crossFitted = await crossFit(others);
    const shown = entriesAt(extraction, fold.heldOut);
    previews = input.preview && (await Previews.open(plan, shown, input.preview));
    const learnt = await learn({ ...fold, previews });
    const model = build(await measure(fold, learnt));

    const own = await scoreHeldOut(fold, model);
    const scored = [...crossFitted, ...own];
    const calibration = calibrateTrained({ extraction, split, scored, rules });

    const from = {
      learnt: entriesAt(extraction, fold.training),
      heldOut: entriesAt(extraction, fold.heldOut),
    };
    const random = new Random(seed).fork('replay');
    await keepReplay({ ...plan, from, into: input.replay, random });
    const made = { input, plan, fold, free: free.classes, learnt, scored: own.length, calibration };
    const bundle = withManifest(model, trainedManifest(made));
    await previews?.finish(bundle, learnt.steps);
    return bundle;
  } finally {
    await previews?.dispose();
    for (const copies of [free?.turned, free?.changed]) await copies?.extraction.scratch.dispose();
    await extraction.scratch.dispose();
  }
}

/** Decides which images each fold learns, so that every rule gets the scores it needs. @throws THRESHOLD_UNSUPPORTED */
function splitForRules(
  { classes, isKnown }: TrainingPlan,
  read: Pick<Extraction, 'images'> & Pick<HoldOutInput, 'groups'>,
  { rules, seed }: TrainInput,
): Folds {
  const known = read.images.flatMap(({ digest }, at) => (isKnown(digest) ? [at] : []));
  const split = holdOut({ ...read, classes, seed, known, wanted: wantedGroups(rules) });
  const scorable = split.folds.flatMap(({ heldOut }) => heldOut);
  const parts = new Set(scorable.map((at) => read.groups[at]));
  checkRules(rules, parts.size, scorable.length);
  return split;
}
