import { float32, type Tensor } from '@bigrid/graph';
import type { Image } from '../ports.ts';
import { evenly } from './evenly.ts';
import type { TrainingClass } from './hold-out.ts';

/** Good images of a class that are read for its light, and of all classes together. */
const MOST_OF_A_CLASS = 20;
const MOST_OF_ALL = 200;
const LEAST_OF_A_CLASS = 3;
const MID_GREY = 127;

/**
 * The light of good images, from a few of each class: mean of each channel, 0 to 255, [classes, 3]. Images that cannot be read are
 * left out; they are reported when their turn comes. A class without any counts as mid-grey.
 */
export async function lightOf(classes: readonly TrainingClass[]): Promise<Tensor<'float32'>> {
  const fair = Math.floor(MOST_OF_ALL / classes.length);
  const most = Math.max(LEAST_OF_A_CLASS, Math.min(MOST_OF_A_CLASS, fair));
  const rows: number[][] = [];
  for (const { entries } of classes) {
    const means: number[][] = [];
    for (const entry of evenly(entries, most)) {
      const image = await entry.read().catch(() => undefined);
      if (image) means.push(channelMeans(image));
    }
    const mean = (channel: number) =>
      means.reduce((sum, own) => sum + (own[channel] as number), 0) / means.length;
    rows.push(means.length > 0 ? [0, 1, 2].map(mean) : [MID_GREY, MID_GREY, MID_GREY]);
  }
  return float32([rows.length, 3], rows.flat());
}

function channelMeans({ data }: Image): number[] {
  const sums = [0, 0, 0];
  for (let at = 0; at < data.length; at++)
    sums[at % 3] = (sums[at % 3] as number) + (data[at] as number);
  return sums.map((sum) => sum / (data.length / 3));
}
