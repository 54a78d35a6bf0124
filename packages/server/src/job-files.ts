import type { Manifest } from '@bigrid/node';
import { modelIdOf } from '@bigrid/node/internal';
import { z } from 'zod';

/** Names in the folder of a job, which the server and the process of the job share. */
export const jobFiles = {
  /** Folder of the images. */
  images: 'images',
  /** Where to ignore them. */
  mask: 'mask.png',
  /** What the project calls them. */
  list: 'images.json',
  /** Of images that the job inspected, a line each: `[image, score]`. */
  scores: 'scores.jsonl',
  result: 'result.json',
  model: 'model.onnx',
  /** Folder of what is kept as long as the job. */
  kept: 'kept',
  report: 'kept/report.html',
} as const;

/** The map of an image in a preview, below the folder of the job. */
export function previewFile(step: number, image: number): string {
  return `${jobFiles.kept}/preview-${step}-${image}.npy`;
}

/** Name of the folder of the good images that the training of a model kept. */
export function replayName(manifest: Manifest): string {
  return modelIdOf(manifest).replaceAll(/[^\w.-]/g, '_');
}

/** A path below the folder of images, with slashes. */
const imagePlace = z.string().regex(/^(?!(.*\/)?\.\.?(\/|$))[^/\\]+(\/[^/\\]+)*$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The images of a job, by their paths below their folder. */
export const imageListSchema = z.object({
  images: z.record(imagePlace, z.object({ id: z.int(), name: z.string() })),
  files: z.record(imagePlace, sha256).describe('SHA-256 of each file, ground truths included'),
  mask: z.string().nullable().describe('SHA-256 of the mask; null if there is none'),
});

export type ImageList = z.infer<typeof imageListSchema>;

const scoreLine = z.tuple([z.int(), z.number()]);

/** The scores in lines of a job, without those that are incomplete. */
export function scoresIn(text: string): { readonly image: number; readonly score: number }[] {
  return text.split('\n').flatMap((line) => {
    try {
      const [image, score] = scoreLine.parse(JSON.parse(line));
      return [{ image, score }];
    } catch {
      return [];
    }
  });
}
