import { z } from 'zod';

/** Names in the folder of a job, which the server and the process of the job share. */
export const jobFiles = {
  /** Folder of the images. */
  images: 'images',
  /** Where to ignore them. */
  mask: 'mask.png',
  /** What the project calls them. */
  list: 'images.json',
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

/** The images of a job, by their paths below their folder, with slashes. */
export const imageListSchema = z.object({
  images: z.record(z.string(), z.object({ id: z.int(), name: z.string() })),
  hasMask: z.boolean(),
});

export type ImageList = z.infer<typeof imageListSchema>;
