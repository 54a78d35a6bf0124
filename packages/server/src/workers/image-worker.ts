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

async function decode({ image, name, side }: ImageTask): Promise<DecodedImage> {
  const bytes = typeof image === 'string' ? await readFile(image) : image;
  const decoded = await decodeImage(bytes, name);
  const { width, height } = decoded;
  return { format: imageKind(bytes), width, height, preview: await drawPreview(decoded, side) };
}
