import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isBigridError } from '@bigrid/errors';
import type { OnEvent } from '@bigrid/node';
import { holdAlone, writeAtomically } from '@bigrid/node/internal';
import { jobFiles } from '../job-files.ts';
import { endWithParent } from './child-process.ts';
import { failureOf } from './failures.ts';
import { JobContext } from './job-context.ts';
import type { JobMessage, JobReport, JobTask } from './job-messages.ts';
import { writePreview } from './job-previews.ts';
import { works } from './job-works.ts';

// The program of a job process: does one job, writes its result to a file, and ends.

/** Milliseconds between reports of progress within a phase. */
const REPORT_EVERY = 500;
/** Milliseconds between looks at whether an earlier process of the job has ended. */
const PAUSE = 100;

endWithParent();
// Inspections go first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const stop = new AbortController();
process.on('message', () => stop.abort());

const send = (message: JobMessage) =>
  new Promise<void>((resolve) => process.send?.(message, undefined, undefined, () => resolve()));

const task = JSON.parse(process.argv[2] as string) as JobTask;
const context = await JobContext.open(task.folder);
try {
  // Its process may still be running if the server was killed.
  const release = await holdPatiently(task.folder);
  const { onEvent, settled } = reporting(context, (report) => void send({ report }));
  const result = await works[task.kind](task, context, { onEvent, signal: stop.signal });
  await settled();
  await writeAtomically(join(task.folder, jobFiles.result), JSON.stringify(result));
  await release();
} catch (error) {
  const failure = failureOf(error, 'finish the job');
  await send({ failure: { ...failure, message: context.shortened(failure.message) } });
}
process.disconnect?.();

async function holdPatiently(folder: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      return await holdAlone(folder);
    } catch (error) {
      if (!isBigridError(error, 'IN_USE')) throw error;
      await setTimeout(PAUSE, undefined, { signal: stop.signal });
    }
  }
}

/** Turns events into reports, and leaves out progress that follows too soon. `settled` waits until all are sent. */
function reporting(
  context: JobContext,
  report: (report: JobReport) => void,
): { readonly onEvent: OnEvent; readonly settled: () => Promise<void> } {
  let [phase, last] = ['', 0];
  let written = Promise.resolve();
  const log = (message: string) => report({ type: 'log', message: context.shortened(message) });
  const onEvent: OnEvent = (event) => {
    switch (event.type) {
      case 'warning':
        return log(event.message);
      case 'skipped':
        return log(`Skipped: ${event.error.message}`);
      case 'preview':
        written = written
          .then(async () => report(await writePreview(event, task.folder, context)))
          // A training goes on without its previews.
          .catch((error: unknown) => log(failureOf(error, 'write a preview').message));
        return;
      case 'progress': {
        const now = performance.now();
        const isDue = event.phase !== phase || event.done === event.total;
        if (!isDue && now - last < REPORT_EVERY) return;
        [phase, last] = [event.phase, now];
        report(event);
      }
    }
  };
  return { onEvent, settled: () => written };
}
