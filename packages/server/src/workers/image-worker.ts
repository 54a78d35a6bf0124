import { readFile } from 'node:fs/promises';
import { decodeImage, drawPreview, imageKind } from '@bigrid/node/internal';
import { failureOf } from './failures.ts';
import type { DecodedImage, ImageAnswer, ImageTask } from './image-messages.ts';

// The program of the process that decodes uploaded images, one after the other, until its parent is gone.

// Ctrl-C reaches every process of a terminal; the parent decides when to stop.
process.on('SIGINT', () => {}).on('SIGTERM', () => {});
process.on('disconnect', () => process.exit());

process.on('message', async (task: ImageTask) => {
  const answer = await decode(task).then(
    (decoded): ImageAnswer => ({ decoded }),
    (error: unknown): ImageAnswer => ({ failure: failureOf(error, 'decode an image') }),
  );
  process.send?.(answer, undefined, undefined, () => {});
});

async function decode({ path, name }: ImageTask): Promise<DecodedImage> {
  const bytes = await readFile(path);
  const image = await decodeImage(bytes, name);
  const { width, height } = image;
  return { format: imageKind(bytes), width, height, preview: await drawPreview(image) };
}
