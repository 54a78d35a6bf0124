import type { Bundle } from '../bundle/bundle.ts';
import { scoreImages } from '../calibration/scoring.ts';
import { type OnEvent, progressOf } from '../events.ts';
import { build } from './build.ts';
import { measureExpectation } from './expectation.ts';
import { entriesAt } from './feature-extraction.ts';
import { type Lesson, learn, stepsOfAll } from './learn.ts';
import type { SavedFold } from './saved-training.ts';

/** The score of an image that the model had not learnt. */
export type UnseenScore = SavedFold[number];

/**
 * Learns one lesson after the other to score what each holds out, and keeps nothing but the scores: more than the images
 * that one model can spare, each by a model that had not learnt the image.
 * @param lessons of one plan
 * @returns the scores of all
 * @throws BUNDLE_INVALID, CHECKPOINT_INVALID, CANCELLED, ENGINE_FAILED
 */
export async function crossFit(lessons: readonly Lesson[]): Promise<UnseenScore[]> {
  const [first] = lessons;
  if (!first) return [];
  const { plan } = first;
  const { checkpoints, onEvent } = plan;
  const steps = lessons.map(({ training, extraction }) =>
    stepsOfAll(plan, training.length * extraction.blocksEach),
  );
  const stepsBefore = (fold: number) => steps.slice(0, fold).reduce((sum, own) => sum + own, 0);
  const known = checkpoints.crossFitted.length;
  const all = stepsBefore(lessons.length);
  const progress = progressOf('cross-fitting', all, onEvent, stepsBefore(known));
  for (const [at, lesson] of lessons.entries()) {
    if (at < known) continue;
    const onStep = countingSteps(onEvent, (done) => progress(stepsBefore(at) + done));
    const quiet = { ...lesson, plan: { ...plan, onEvent: onStep } };
    const model = build(await measureExpectation(await learn(quiet)));
    checkpoints.crossFitted.push(await scoreHeldOut(quiet, model));
  }
  return checkpoints.crossFitted.flat();
}

/**
 * Scores what a lesson holds out. An image that cannot be read any more is left out.
 * @param model that learnt the lesson
 */
export async function scoreHeldOut(
  { plan, extraction, heldOut }: Lesson,
  model: Pick<Bundle, 'bytes'>,
): Promise<UnseenScore[]> {
  const entries = entriesAt(extraction, heldOut);
  const scored = await scoreImages({ ...plan, model, entries });
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
