import { readFile } from 'node:fs/promises';
import { decodeImage, drawPreview, imageKind } from '@bigrid/node/internal';
import { endWithParent } from './child-process.ts';
import { failureOf } from './failures.ts';
import type { DecodedImage, ImageAnswer, ImageTask } from './image-messages.ts';

// The program of the process that decodes uploaded images, one after the other, until its parent is gone.

endWithParent();

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
