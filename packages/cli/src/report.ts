import type { Evaluation, Manifest } from '@bigrid/node';
import type { Progress } from './progress.ts';

/** Writes the report of an evaluation, one HTML page. @throws OUTPUT_UNWRITABLE, CANCELLED */
export async function writeReport(
  file: string,
  title: string,
  { evaluation, manifest }: { readonly evaluation: Evaluation; readonly manifest: Manifest },
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { renderReport, writeAtomically } = await import('@bigrid/node');
  let advance: ((done: number) => void) | undefined;
  const page = await renderReport(evaluation, manifest, {
    title,
    signal,
    onPicture(done, total) {
      advance ??= progress.count('drawing', total);
      advance(done);
    },
  });
  await writeAtomically(file, page, { signal });
}
