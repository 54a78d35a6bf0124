import { measureExpectation } from './expectation.ts';
import { learnGaussians } from './gaussians/learn-gaussians.ts';
import type { FoldTraining, Learnt } from './learn.ts';

/**
 * Measures what good images look like to what was learnt: the errors that are expected of them, on those that the fold learns, and
 * the normal grid, which is matched with these errors on those that it holds out.
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function measure(fold: FoldTraining, learnt: Learnt): Promise<Learnt> {
  return learnGaussians(fold, await measureExpectation(learnt));
}
