// A model as training writes it, without trained values: the tensors have their names and shapes only.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { float32, sizeOf } from '@bigrid/graph';
import {
  detector,
  EXPECTED,
  efficientNetLite0,
  extractor,
  initialValue,
  profiles,
  Random,
  readSafetensors,
  stagesOf,
  trainingStep,
  variationWidth,
} from '@bigrid/method';

/** Number of directions in which images of one kind vary. */
const DIRECTIONS = 16;

/**
 * @param kinds of images that it learned
 * @returns its graph
 */
export function untrainedModel(method, kinds) {
  const file = import.meta.resolve('@bigrid/method/assets/efficientnet_lite0.safetensors');
  const backbone = efficientNetLite0(readSafetensors(readFileSync(fileURLToPath(file))));
  const taps = extractor(backbone, method);
  const channels = taps.tapChannels.reduce((sum, count) => sum + count, 0);
  const statistics = {
    mean: new Float32Array(channels),
    deviation: new Float32Array(channels).fill(1),
  };
  const { schedule } = profiles.fast;
  const values = new Map(expected(method, taps, channels, kinds));
  for (const stage of stagesOf(method)) {
    const step = trainingStep({ stage, method, schedule, statistics, taps, frozen: values });
    for (const parameter of step.parameters) {
      values.set(parameter.name, initialValue(parameter, new Random(0)));
    }
  }
  return detector(backbone, method, statistics, values);
}

function expected({ cells }, taps, channels, kinds) {
  const shapes = {
    [EXPECTED.energy]: [kinds, taps.tapChannels.length * cells ** 2],
    [EXPECTED.mean]: [kinds, cells ** 2],
    [EXPECTED.deviation]: [kinds, cells ** 2],
    [EXPECTED.components]: [kinds, DIRECTIONS, variationWidth(taps)],
    ...(kinds > 1 && { [EXPECTED.prototypes]: [kinds, channels] }),
  };
  return Object.entries(shapes).map(([name, shape]) => [
    name,
    float32(shape, new Float32Array(sizeOf(shape)).fill(1)),
  ]);
}
