import { once } from 'node:events';
import type { Field } from '@bigrid/errors';
import { type WorkerOptions, work, workerOptionsSchema } from '@bigrid/server';
import type { Command } from 'commander';
import { addFlags, fieldsOf, omit } from '../flags.ts';
import { print, say } from '../output.ts';
import type { Context } from '../run.ts';

export function define(command: Command, context: Context): void {
  const fields = fieldsOf(workerOptionsSchema);
  const { description = '' } = fields.queue as Field;
  command.requiredOption('--queue <address>', description);
  addFlags(command, omit(fields, ['queue'])).addHelpText(
    'after',
    `
Does the jobs and inspections of a server that was started with --queue, on any
machine that shares its data folder or, with --store, gets its files from S3.
Several workers share the work. Ctrl-C stops it; its jobs are resumed by others.

Examples:
  $ bigrid serve --data /shared/bigrid --queue redis://queue:6379
  $ bigrid worker --data /shared/bigrid --queue redis://queue:6379
  $ bigrid worker --store s3://parts/line-1 --queue redis://queue:6379`,
  );
  command.action((flags: WorkerOptions) => run(flags, context));
}

async function run(options: WorkerOptions, { signal }: Context): Promise<void> {
  const worker = await work(options);
  print(`Taking jobs and images of ${options.store ?? options.data}`);
  say('Press Ctrl-C to stop.');
  if (!signal.aborted) await once(signal, 'abort');
  await worker.close();
  // If Redis is away, BullMQ would go on waiting for it.
  process.exit();
}
