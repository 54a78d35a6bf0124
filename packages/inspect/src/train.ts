import { type MethodOptions, type ProfileName, Random, type Schedule } from '@bigrid/method';
import { type Bundle, withManifest } from './bundle/bundle.ts';
import { recogniserOf } from './bundle/learnt.ts';
import type { ThresholdRules } from './calibration/calibration.ts';
import type { Checkpoint, KeepReplay, Mask, TrainingPorts } from './ports.ts';
import { build } from './training/build.ts';
import { calibrateTrained } from './training/calibrate.ts';
import { crossFit, scoreHeldOut } from './training/cross-fitting.ts';
import { measureExpectation } from './training/expectation.ts';
import { entriesAt, extractFeatures } from './training/feature-extraction.ts';
import { checkRules, holdOut, type TrainingClass, wantedGroups } from './training/hold-out.ts';
import { type Lesson, learn } from './training/learn.ts';
import { planTraining } from './training/plan.ts';
import { trainedManifest } from './training/provenance.ts';
import { keepReplay } from './training/replay.ts';

export interface TrainInput extends TrainingPorts {
  /** Where to keep how far training is, and what an earlier run kept. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Where the features of images come from; a benchmark that trains often on the same ones keeps them. */
  readonly extract?: typeof extractFeatures | undefined;
  readonly classes: readonly TrainingClass[];
  readonly profile: ProfileName;
  readonly method: MethodOptions;
  readonly schedule: Schedule;
  /** Longest side of a tile of an image, in pixels; without it images are looked at as a whole. */
  readonly tile?: number | 'auto' | undefined;
  readonly seed: number;
  readonly version: string;
  /** Go on from this bundle: its method, statistics and values are kept. */
  readonly from?: Bundle | undefined;
  /** What to ignore of every image, now and whenever the bundle inspects; an image may have a mask of its own. */
  readonly ignored?: Mask | undefined;
  /** Rules of the thresholds. Default: quantile:0.99, and nothing unsure. */
  readonly rules?: ThresholdRules | undefined;
  /** Keeps some of the images for updates. */
  readonly replay?: KeepReplay | undefined;
}

/**
 * Trains GRAD on good images and calibrates it on some that it did not learn: those held out, and where these are too few,
 * others that are scored by cross-fitting.
 * The steps: read the images, split them, learn, measure what to expect, build the model, calibrate it, keep images for
 * updates. Given what a checkpoint kept of the same training, it goes on from there and makes the same bundle.
 * @throws OPTION_INVALID where the method needs another backbone; DATA_TOO_FEW, THRESHOLD_UNSUPPORTED, CANCELLED,
 *   ENGINE_FAILED, CHECKPOINT_MISMATCH, CHECKPOINT_INVALID
 */
export async function train(input: TrainInput): Promise<Bundle> {
  const { rules, seed } = input;
  const plan = await planTraining(input);
  const extraction = await (input.extract ?? extractFeatures)(plan);
  try {
    const { images } = extraction;
    const isKnown = recogniserOf(input.from?.manifest.learnt);
    const known = images.flatMap(({ digest }, at) => (isKnown(digest) ? [at] : []));
    const wanted = wantedGroups(rules);
    const split = holdOut({ classes: plan.classes, images, seed, wanted, known });
    const scorable = split.folds.flatMap(({ heldOut }) => heldOut);
    const groups = new Set(scorable.map((at) => split.groups[at]));
    checkRules(rules, groups.size, scorable.length);

    // The model comes last, so that a training that is cut off has to keep no more than scores of those before it.
    const lessons = split.folds.map((fold): Lesson => ({ plan, extraction, ...fold }));
    const [lesson, ...others] = lessons as [Lesson, ...Lesson[]];
    const crossFitted = await crossFit(others);
    const learnt = await learn(lesson);
    const measured = await measureExpectation(learnt);
    const model = build(measured);

    const own = await scoreHeldOut(lesson, model);
    const scored = [...crossFitted, ...own];
    const calibration = calibrateTrained({ extraction, split, scored, rules });

    const from = {
      learnt: entriesAt(extraction, lesson.training),
      heldOut: entriesAt(extraction, lesson.heldOut),
    };
    const random = new Random(seed).fork('replay');
    await keepReplay({ ...plan, from, into: input.replay, random });
    const made = { input, plan, lesson, learnt, scored: own.length, calibration };
    return withManifest(model, trainedManifest(made));
  } finally {
    await extraction.scratch.dispose();
  }
}
