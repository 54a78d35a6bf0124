import { recogniserOf } from './bundle/learnt.ts';
import type { Manifest } from './bundle/manifest.ts';
import { digest } from './digest.ts';
import type { ImageEntry } from './ports.ts';

/**
 * The images that a model was not trained on, in order. Each is decoded to compare its digest; unreadable images are
 * skipped.
 */
export async function* unlearnt<Entry extends ImageEntry>(
  { learnt }: Pick<Manifest, 'learnt'>,
  entries: Iterable<Entry>,
): AsyncGenerator<Entry> {
  const isLearnt = recogniserOf(learnt);
  for (const entry of entries) {
    const image = await entry.read().catch(() => undefined);
    if (image && !isLearnt(await digest(image.data))) yield entry;
  }
}
