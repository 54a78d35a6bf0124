import { scoreImages } from '../calibration/scoring.ts';
import { type OnEvent, progressOf } from '../events.ts';
import { type Extraction, imagesAt } from './feature-extraction.ts';
import type { Fold } from './hold-out.ts';
import { type Learning, type Learnt, learn, stepsOfAll } from './learn.ts';
import type { SavedFold } from './saved-training.ts';

/** The score of an image that the model had not learnt. */
export type UnseenScore = SavedFold[number];

/**
 * Learns each fold in turn to score what it holds out, and keeps nothing but the scores: more than the images that one
 * model can spare, each by a model that had not learnt the image.
 * @returns the scores of all folds
 * @throws what {@link learn} throws
 */
export async function crossFit(
  extraction: Extraction,
  folds: readonly Fold[],
  learning: Learning,
): Promise<UnseenScore[]> {
  if (folds.length === 0) return [];
  const { checkpoints, onEvent } = learning;
  const steps = folds.map(({ training }) =>
    stepsOfAll(training.length * extraction.blocksEach, learning),
  );
  const stepsBefore = (fold: number) => steps.slice(0, fold).reduce((sum, own) => sum + own, 0);
  const first = checkpoints.crossFitted.length;
  const all = stepsBefore(folds.length);
  const progress = progressOf('cross-fitting', all, onEvent, stepsBefore(first));
  for (const [at, fold] of folds.entries()) {
    if (at < first) continue;
    const onStep = countingSteps(onEvent, (done) => progress(stepsBefore(at) + done));
    const quiet = { ...learning, onEvent: onStep };
    const learnt = await learn(extraction, fold.training, quiet);
    checkpoints.crossFitted.push(await scoreHeldOut(extraction, fold, learnt, quiet));
  }
  return checkpoints.crossFitted.flat();
}

/** Scores what a fold holds out with the model that learnt the others. An image that cannot be read any more is left out. */
export async function scoreHeldOut(
  extraction: Extraction,
  { heldOut }: Fold,
  { model }: Learnt,
  { engine, onEvent, signal }: Learning,
): Promise<UnseenScore[]> {
  const entries = imagesAt(extraction, heldOut).map(({ entry }) => entry);
  const scored = await scoreImages(engine, model, entries, onEvent, signal);
  return scored.map(({ entry, score, mapMaximum }) => {
    const at = heldOut[entries.indexOf(entry)] as number;
    return { at, score, mapMaximum };
  });
}

/** Of all events lets through what was skipped, and counts the steps of all stages. */
function countingSteps(onEvent: OnEvent, onStep: (done: number) => void): OnEvent {
  let before = 0;
  return (event) => {
    if (event.type !== 'progress') return onEvent(event);
    if (!event.phase.endsWith('grid') || event.done === 0) return;
    onStep(before + event.done);
    if (event.done === event.total) before += event.total;
  };
}
