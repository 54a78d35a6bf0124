import { detector } from '@bigrid/method';
import { type Bundle, trainedModel } from '../bundle/bundle.ts';
import { ignoring } from '../detection/ignored-area.ts';
import type { Learnt } from './learn.ts';

/** Builds the ONNX model from what was learnt, still without a manifest. @throws OPTION_INVALID */
export function build({ plan, features, values }: Learnt): Pick<Bundle, 'bytes'> {
  const graph = detector(plan.backbone, plan.method, features.statistics, values);
  return ignoring(trainedModel(graph, plan.version), plan.ignored);
}
