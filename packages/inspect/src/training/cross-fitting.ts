import type { Bundle } from '../bundle/bundle.ts';
import { scoreImages } from '../calibration/scoring.ts';
import { type OnEvent, progressOf } from '../events.ts';
import { build } from './build.ts';
import { entriesAt } from './feature-extraction.ts';
import { type FoldTraining, learn, stepsOfAll } from './learn.ts';
import { measure } from './measure.ts';
import type { SavedFold } from './saved-training.ts';

/** Score of an image by a model that was not trained on it. */
export type UnseenScore = SavedFold[number];

/**
 * Trains a model for each fold, scores the images that the fold holds out, and keeps only the scores. This gives more
 * scores than one model can hold out images for, each from a model that was not trained on the image.
 * @param folds all with the same plan
 * @returns the scores of all folds
 * @throws BUNDLE_INVALID, CHECKPOINT_INVALID, CANCELLED, ENGINE_FAILED
 */
export async function crossFit(folds: readonly FoldTraining[]): Promise<UnseenScore[]> {
  const [first] = folds;
  if (!first) return [];
  const { plan } = first;
  const { checkpoints, onEvent } = plan;
  // A fold whose images all lie freely has no steps, and counts as one.
  const steps = folds.map(({ training, extraction, free }) => {
    const still = training.filter((at) => !free?.images.has(at));
    return Math.max(1, stepsOfAll(plan, still.length * extraction.blocksEach));
  });
  const stepsBefore = (at: number) => steps.slice(0, at).reduce((sum, own) => sum + own, 0);
  const known = checkpoints.crossFitted.length;
  const all = stepsBefore(folds.length);
  const progress = progressOf('cross-fitting', all, onEvent, stepsBefore(known));
  for (const [at, fold] of folds.entries()) {
    if (at < known) continue;
    const onStep = countingSteps(onEvent, (done) => progress(stepsBefore(at) + done));
    const quiet = { ...fold, plan: { ...plan, onEvent: onStep } };
    const model = build(await measure(quiet, await learn(quiet)));
    checkpoints.crossFitted.push(await scoreHeldOut(quiet, model));
    if (steps[at] === 1) progress(stepsBefore(at + 1));
  }
  return checkpoints.crossFitted.flat();
}

/**
 * Scores the images that a fold holds out. Images that can no longer be read are left out.
 * @param model the model trained on this fold
 */
export async function scoreHeldOut(
  { plan, extraction, heldOut }: FoldTraining,
  model: Pick<Bundle, 'bytes'>,
): Promise<UnseenScore[]> {
  const entries = entriesAt(extraction, heldOut);
  const scored = await scoreImages({ ...plan, engine: plan.imageEngine, model, entries });
  return scored.map(({ entry, score, mapMaximum }) => {
    const at = heldOut[entries.indexOf(entry)] as number;
    return { at, score, mapMaximum };
  });
}

/** Passes on all events except progress, from which it counts the steps over all stages. */
function countingSteps(onEvent: OnEvent, onStep: (done: number) => void): OnEvent {
  let before = 0;
  return (event) => {
    if (event.type !== 'progress') return onEvent(event);
    if (!event.phase.endsWith('grid') || event.done === 0) return;
    onStep(before + event.done);
    if (event.done === event.total) before += event.total;
  };
}
