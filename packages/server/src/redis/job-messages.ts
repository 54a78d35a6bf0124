import { join } from 'node:path';
import { type ErrorCode, errorRegistry } from '@bigrid/errors';
import { z } from 'zod';
import { errorOf, failureOf } from '../workers/failures.ts';
import { type JobReport, type JobTask, jobTaskSchema } from '../workers/job-messages.ts';
import type { JobOutcome, ProcessOutcome } from '../workers/job-runner.ts';
import { placeOf, placeSchema } from './paths.ts';

const sentTaskSchema = jobTaskSchema.extend({
  folder: placeSchema,
  model: placeSchema.optional(),
  replays: placeSchema,
});

type SentTask = z.infer<typeof sentTaskSchema>;

/** A task without the path at which this machine has the data folder. */
export function packTask(data: string, { folder, model, replays, ...task }: JobTask): SentTask {
  return {
    ...task,
    folder: placeOf(data, folder),
    model: model === undefined ? undefined : placeOf(data, model),
    replays: placeOf(data, replays),
  };
}

export function unpackTask(data: string, received: unknown): JobTask {
  const { folder, model, replays, ...task } = sentTaskSchema.parse(received);
  return {
    ...task,
    folder: join(data, folder),
    model: model === undefined ? undefined : join(data, model),
    replays: join(data, replays),
  };
}

const failureSchema = z.object({
  code: z.enum(Object.keys(errorRegistry) as ErrorCode[]),
  message: z.string(),
  remedy: z.string(),
});

const outcomeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ended') }),
  z.object({ type: z.literal('stopped') }),
  z.object({ type: z.literal('failed'), failure: failureSchema }),
]);

export type SentOutcome = z.infer<typeof outcomeSchema>;

/** How a run ended, as a worker sends it. */
export function packOutcome(outcome: ProcessOutcome): SentOutcome {
  return outcome.type === 'failed'
    ? { type: 'failed', failure: failureOf(outcome.error, 'finish the job') }
    : outcome;
}

export function unpackOutcome(received: unknown): JobOutcome {
  const { success, data } = outcomeSchema.safeParse(received);
  if (!success) return { type: 'ended' };
  return data.type === 'failed' ? { type: 'failed', error: errorOf(data.failure) } : data;
}

const reportSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('progress'), phase: z.string() }),
  z.object({ type: z.literal('log'), message: z.string() }),
  z.looseObject({ type: z.literal('preview'), step: z.number(), images: z.array(z.int()) }),
]);

/** A report as it arrives; undefined if it is none. */
export function unpackReport(received: unknown): JobReport | undefined {
  return reportSchema.safeParse(received).data as JobReport | undefined;
}
