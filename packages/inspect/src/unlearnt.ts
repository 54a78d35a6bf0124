import { recogniserOf } from './bundle/learnt.ts';
import type { Manifest } from './bundle/manifest.ts';
import { digest } from './digest.ts';
import type { ImageEntry } from './ports.ts';

/**
 * The images that a model did not learn, in order: those that training held out, and others. Each is decoded to tell.
 * What cannot be read is left out.
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
