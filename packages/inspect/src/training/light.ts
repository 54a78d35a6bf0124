import { type Engine, float32, sizeOf, type Tensor, toModel, type Value } from '@bigrid/graph';
import { lightReader, type MethodOptions } from '@bigrid/method';
import { imageTensor } from '../detection/detector.ts';
import { median } from '../metrics/order.ts';
import { evenly } from './evenly.ts';
import type { TrainingClass } from './hold-out.ts';

/** Good images of a class that are read for its light, and of all classes together. */
const MOST_OF_A_CLASS = 20;
const MOST_OF_ALL = 200;
const LEAST_OF_A_CLASS = 3;
const MID_GREY = 127;

/**
 * The light of good images, from a few of each class: LIGHT. Images that cannot be read are left out; they are reported when
 * their turn comes. A class without any counts as mid-grey.
 * @throws ENGINE_FAILED
 */
export async function lightOf(
  engine: Engine,
  method: MethodOptions,
  classes: readonly TrainingClass[],
): Promise<Tensor<'float32'>> {
  const graph = lightReader(method);
  const width = sizeOf((graph.outputs.get('blocks') as Value).shape as number[]);
  const session = await engine.load(toModel(graph));
  const fair = Math.floor(MOST_OF_ALL / classes.length);
  const most = Math.max(LEAST_OF_A_CLASS, Math.min(MOST_OF_A_CLASS, fair));
  const rows: number[] = [];
  try {
    for (const { entries } of classes) {
      const read: Float32Array[] = [];
      for (const entry of evenly(entries, most)) {
        const image = await entry.read().catch(() => undefined);
        if (!image) continue;
        const { blocks } = await session.run({ image: imageTensor(image) });
        read.push((blocks as Tensor<'float32'>).data);
      }
      for (let block = 0; block < width; block++) {
        rows.push(median(read.map((own) => own[block] as number)) ?? MID_GREY);
      }
    }
  } finally {
    await session.dispose();
  }
  return float32([classes.length, width], rows);
}
