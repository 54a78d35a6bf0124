import { BigridError } from '@bigrid/errors';
import { forkWorker } from './child-process.ts';
import { errorOf } from './failures.ts';
import type { Failure } from './messages.ts';

export interface SampleTask {
  /** Folder to draw the images in, in the layout of MVTec AD. */
  readonly folder: string;
  readonly seed?: number | undefined;
}

/**
 * Draws the images of a synthetic product in a process of its own, because the event loop would wait for each of them.
 * @throws OUTPUT_UNWRITABLE; WORKER_LOST if the process ended
 */
export async function drawSample(task: SampleTask): Promise<void> {
  const child = forkWorker('sample-worker', task);
  const ended = Promise.withResolvers<void>();
  let failure: Failure | undefined;
  child
    .on('message', (message) => {
      failure = message as Failure;
    })
    .on('error', () => ended.reject(lost()))
    // Closed, not exited: its message may come after its exit.
    .on('close', (code) => {
      if (failure) ended.reject(errorOf(failure));
      else if (code === 0) ended.resolve();
      else ended.reject(lost());
    });
  await ended.promise;
}

function lost(): BigridError {
  return new BigridError(
    'WORKER_LOST',
    'Expected sample images but the process ended that drew them',
  );
}
