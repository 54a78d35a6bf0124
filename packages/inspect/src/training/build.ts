import { detector } from '@bigrid/method';
import { type Bundle, trainedModel } from '../bundle/bundle.ts';
import { ignoring } from '../detection/ignored-area.ts';
import type { Learnt } from './learn.ts';

/** Builds the model of what was learnt, which has no manifest before it is calibrated. @throws OPTION_INVALID */
export function build({ plan, features, values }: Learnt): Pick<Bundle, 'bytes'> {
  const graph = detector(plan.backbone, plan.method, features.statistics, values);
  return ignoring(trainedModel(graph, plan.version), plan.ignored);
}
