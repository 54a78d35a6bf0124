import type { MapScale, WorkEvent } from '@bigrid/node';
import { z } from 'zod';
import type { Failure } from './messages.ts';

export const jobKinds = [
  'train',
  'evaluate',
  'calibrate',
  'update',
  'doctor',
  'drift',
  'inspect',
] as const;
export type JobKind = (typeof jobKinds)[number];

/** A version of a model as a report shows it. */
const shownModelSchema = z.object({
  title: z.string().describe('Heading of the page'),
  rules: z
    .object({ threshold: z.string(), unsure: z.string() })
    .partial()
    .describe('Rules of thresholds that replace those of its file'),
});

export type ShownModel = z.infer<typeof shownModelSchema>;

/** What a job process does, as JSON in its only argument. */
export const jobTaskSchema = z.object({
  kind: z.enum(jobKinds),
  folder: z.string().describe('Of the job: its images, its checkpoint, what it writes'),
  model: z.string().optional().describe('Model file, for every kind but train and doctor'),
  shown: shownModelSchema.optional().describe('What a report shows of the model'),
  replays: z.string().describe('Folder for the good images that trainings keep for updates'),
  backbone: z.string().optional().describe('File of the backbone of the profile accurate'),
  options: z
    .record(z.string(), z.unknown())
    .describe('Of the function of `@bigrid/node` that does the work'),
});

export type JobTask = z.infer<typeof jobTaskSchema>;

/** What a job process reports about its work. */
export type JobReport =
  | Extract<WorkEvent, { readonly type: 'progress' }>
  | { readonly type: 'log'; readonly message: string }
  | {
      /** The maps are in files of the job: `previewFile`. */
      readonly type: 'preview';
      /** Steps done. */
      readonly step: number;
      readonly loss: number | null;
      /** Ids. */
      readonly images: readonly number[];
      /** The range of values to colour. */
      readonly scale: MapScale;
    };

/** What a job process sends. Its result is in a file, which outlives the server. */
export type JobMessage = { readonly report: JobReport } | { readonly failure: Failure };
