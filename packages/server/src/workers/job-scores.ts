import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from '@bigrid/node';
import { imageEntry } from '@bigrid/node/internal';
import { jobFiles, scoresIn } from '../job-files.ts';
import type { JobContext, JobTools } from './job-context.ts';
import type { JobTask } from './job-messages.ts';

/** Scores that are written at once. */
const BATCH = 32;

/** Inspects the images that earlier processes of the job did not, and writes their scores to a file as they come. */
export async function inspectImages(
  { folder, model }: JobTask,
  context: JobContext,
  { onEvent, signal }: JobTools,
) {
  const path = join(folder, jobFiles.scores);
  const before = await readFile(path, 'utf8').catch(() => '');
  const inspected = new Set(scoresIn(before).map(({ image }) => image));
  const images = context.paths.flatMap((file) => {
    const { image, name } = context.imageAt(file);
    return image === null || inspected.has(image) ? [] : [{ ...imageEntry(file), image, name }];
  });
  const failed: object[] = [];
  // The last line is incomplete if the process before was killed as it wrote it.
  let lines = before === '' || before.endsWith('\n') ? '' : '\n';
  let done = 0;
  const total = images.length;
  for await (const seen of inspect(model as string, images, { mask: context.mask, signal })) {
    const { image, name } = seen.entry;
    if ('error' in seen) failed.push({ image, name, code: seen.error.code });
    else lines += `${JSON.stringify([image, seen.score])}\n`;
    done++;
    if (done % BATCH === 0 || done === total) {
      await appendFile(path, lines);
      lines = '';
    }
    onEvent({ type: 'progress', phase: 'inspecting', done, total, secondsLeft: undefined });
  }
  return { inspected: context.paths.length - failed.length, failed };
}
