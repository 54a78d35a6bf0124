// A model as training writes it, without trained values: the tensors have their names and shapes only.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { float32, sizeOf } from '@bigrid/graph';
import {
  detector,
  EXPECTED,
  efficientNetLite0,
  extractor,
  GAUSSIANS,
  initialValue,
  LIGHT,
  MEMORY,
  packedShape,
  profiles,
  Random,
  readSafetensors,
  stagesOf,
  trainingStep,
  variationWidth,
} from '@bigrid/method';

/** Number of directions in which images of one kind vary. */
const DIRECTIONS = 16;
/** Places and dimensions of the Gaussians. */
const [PLACES, WIDTH] = [16 ** 2, 96];
/** Numbers in a row that joins both grids. */
const JOINED = 9;
/** Normal cells that are remembered, and means of groups of them, by their first elements. */
const [ENTRIES, GROUPS, FIRST] = [8192, 256, 64];

/**
 * @param kinds of images that it learned
 * @param liesFreely whether the product does, so that the model has a memory instead of grids
 * @returns its graph
 */
export function untrainedModel(method, kinds, liesFreely = false) {
  const file = import.meta.resolve('@bigrid/method/assets/efficientnet_lite0.safetensors');
  const backbone = efficientNetLite0(readSafetensors(readFileSync(fileURLToPath(file))));
  const taps = extractor(backbone, method);
  const channels = taps.tapChannels.reduce((sum, count) => sum + count, 0);
  const statistics = {
    mean: new Float32Array(channels),
    deviation: new Float32Array(channels).fill(1),
  };
  const { schedule } = profiles.fast;
  const values = new Map(
    liesFreely ? remembered(channels) : expected(method, taps, channels, kinds),
  );
  if (method.light === 'free') values.set(LIGHT, ones([kinds, 3 * 64]));
  for (const stage of stagesOf(method)) {
    const step = trainingStep({ stage, method, schedule, statistics, taps, frozen: values });
    for (const parameter of step.parameters) {
      values.set(parameter.name, initialValue(parameter, new Random(0)));
    }
  }
  return detector(backbone, method, statistics, values);
}

function expected({ cells, grids }, taps, channels, kinds) {
  const shapes = {
    [EXPECTED.energy]: [kinds, taps.tapChannels.length * cells ** 2],
    [EXPECTED.mean]: [kinds, cells ** 2],
    [EXPECTED.deviation]: [kinds, cells ** 2],
    [EXPECTED.components]: [kinds, DIRECTIONS, variationWidth(taps)],
    ...(kinds > 1 && { [EXPECTED.prototypes]: [kinds, channels] }),
    ...(grids === 'gaussian+restoring' && {
      [GAUSSIANS.metric]: [kinds, WIDTH, channels],
      [GAUSSIANS.means]: [kinds, PLACES, WIDTH],
      [GAUSSIANS.directions]: [kinds, ...packedShape(PLACES, WIDTH)],
      [GAUSSIANS.lengths]: [kinds, PLACES, WIDTH],
      [GAUSSIANS.counts]: [kinds, PLACES],
      [GAUSSIANS.joinedMap]: [kinds, JOINED],
      [GAUSSIANS.joinedScore]: [kinds, JOINED],
    }),
  };
  return filled(shapes);
}

function remembered(channels) {
  const shapes = {
    [MEMORY.metric]: [channels, channels],
    [MEMORY.coarse]: [GROUPS, FIRST],
    [MEMORY.entries]: [ENTRIES, channels],
    [MEMORY.kinds]: [1, 4],
  };
  return filled(shapes);
}

const filled = (shapes) => Object.entries(shapes).map(([name, shape]) => [name, ones(shape)]);

const ones = (shape) => float32(shape, new Float32Array(sizeOf(shape)).fill(1));
