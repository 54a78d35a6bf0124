import { join } from 'node:path';
import { Random } from '@bigrid/method';
import sharp from 'sharp';
import { writeAtomically } from '../files/files.ts';
import { defectKinds } from './defects.ts';
import { type Defect, drawPart, somePart } from './part.ts';

interface SyntheticLineOptions {
  /** The same seed draws the same images. Default 1. */
  readonly seed?: number | undefined;
  /** Number of good training images. Default 60. */
  readonly goodCount?: number | undefined;
  /** Number of good test images. Default 15. */
  readonly testGoodCount?: number | undefined;
  /** Number of images of each kind of defect, from slight to obvious. Default 6. */
  readonly defectCount?: number | undefined;
  /** Side of the images in pixels, 64 to 1,024. Default 320. */
  readonly size?: number | undefined;
}

interface Task {
  readonly file: string;
  readonly maskFile?: string | undefined;
  readonly name: string;
  readonly defect?: { readonly kind: string; readonly severity: number };
}

/** Number of images encoded at the same time; drawing continues meanwhile. */
const inFlight = 4;

/**
 * Draws a small synthetic product line to try everything on: photographs of a turned flange on a mat, good ones that
 * vary a little in position, light and surface, and ones with a defect. In the layout of MVTec AD:
 * `train/good`, `test/good`, `test/<defect>`, `ground_truth/<defect>/<stem>_mask.png`. Every image depends only on
 * the seed and its own name, so that larger counts only add images. Creates `dir` if it is missing; files with the
 * same names are overwritten.
 *
 * @throws OUTPUT_UNWRITABLE
 */
export async function writeSyntheticLine(
  dir: string,
  options: SyntheticLineOptions = {},
): Promise<void> {
  const { seed = 1, goodCount = 60, testGoodCount = 15, defectCount = 6, size = 320 } = options;
  const tasks = [
    ...goodTasks(join('train', 'good'), goodCount),
    ...goodTasks(join('test', 'good'), testGoodCount),
    ...Object.keys(defectKinds).flatMap((kind) => defectTasks(kind, defectCount)),
  ];
  const running = new Set<Promise<void>>();
  for (const task of tasks) {
    if (running.size >= inFlight) await Promise.race(running);
    const work = writeTask(dir, task, seed, size).finally(() => running.delete(work));
    running.add(work);
  }
  await Promise.all(running);
}

function goodTasks(folder: string, count: number): Task[] {
  return Array.from({ length: count }, (_, index) => {
    const file = join(folder, `${stem(index)}.png`);
    return { file, name: `${folder.includes('train') ? 'train' : 'test'}/good/${index}` };
  });
}

function defectTasks(kind: string, count: number): Task[] {
  return Array.from({ length: count }, (_, index) => ({
    file: join('test', kind, `${stem(index)}.png`),
    maskFile: join('ground_truth', kind, `${stem(index)}_mask.png`),
    name: `test/${kind}/${index}`,
    defect: { kind, severity: count === 1 ? 0.5 : index / (count - 1) },
  }));
}

async function writeTask(dir: string, task: Task, seed: number, size: number): Promise<void> {
  const random = new Random(seed).fork(task.name);
  const part = somePart(size, random);
  const draw = task.defect === undefined ? undefined : defectKinds[task.defect.kind];
  const defect: Defect = draw?.(task.defect?.severity ?? 0, random) ?? {};
  const { image, mask } = drawPart(part, defect);
  const square = { width: size, height: size };
  // Noise hardly compresses: a higher level costs time and saves nothing.
  const png = await sharp(image, { raw: { ...square, channels: 3 } })
    .png({ compressionLevel: 3 })
    .toBuffer();
  await writeAtomically(join(dir, task.file), png);
  if (task.maskFile === undefined) return;
  const maskPng = await sharp(mask, { raw: { ...square, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
  await writeAtomically(join(dir, task.maskFile), maskPng);
}

function stem(index: number): string {
  return String(index).padStart(3, '0');
}
