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
} as const;

/** The images of a job, by their paths below their folder, with slashes. */
export const imageListSchema = z.object({
  images: z.record(z.string(), z.object({ id: z.int(), name: z.string() })),
  hasMask: z.boolean(),
});

export type ImageList = z.infer<typeof imageListSchema>;
