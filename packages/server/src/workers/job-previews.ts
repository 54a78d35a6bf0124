import { join } from 'node:path';
import type { AnomalyMap, WorkEvent } from '@bigrid/node';
import { encodeNpy, writeAtomically } from '@bigrid/node/internal';
import { previewFile } from '../job-files.ts';
import type { JobContext } from './job-context.ts';
import type { JobReport } from './job-messages.ts';

type Preview = Extract<WorkEvent, { readonly type: 'preview' }>;

/** Longest side of a stored map, in pixels: a training of hours makes thousands. */
const LONGEST = 64;

/** Writes the maps of a preview into the folder of the job. @returns the report of it. @throws OUTPUT_UNWRITABLE */
export async function writePreview(
  { step, loss, scale, maps }: Preview,
  folder: string,
  context: JobContext,
): Promise<JobReport> {
  const images: number[] = [];
  for (const { path, map } of maps) {
    const { image } = context.imageAt(path);
    if (image === null) continue;
    const { data, height, width } = shrunk(map);
    await writeAtomically(join(folder, previewFile(step, image)), encodeNpy(data, [height, width]));
    images.push(image);
  }
  return { type: 'preview', step, loss: loss ?? null, images, scale };
}

/** The map with the mean of each square of pixels, so that its sides are short. */
function shrunk({ width, height, data }: AnomalyMap): AnomalyMap {
  const factor = Math.ceil(Math.max(width, height) / LONGEST);
  const [rows, columns] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const means = Float32Array.from({ length: rows * columns }, (_, at) => {
    const [top, left] = [factor * Math.floor(at / columns), factor * (at % columns)];
    let [sum, count] = [0, 0];
    for (let y = top; y < Math.min(top + factor, height); y++) {
      for (const value of data.subarray(
        y * width + left,
        y * width + Math.min(left + factor, width),
      )) {
        sum += value;
        count++;
      }
    }
    return sum / count;
  });
  return { width: columns, height: rows, data: means };
}
