import type { MapScale, WorkEvent } from '@bigrid/node';
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
export interface ShownModel {
  /** Heading of the page. */
  readonly title: string;
  /** Rules of thresholds that replace those of its file. */
  readonly rules: { readonly threshold?: string | undefined; readonly unsure?: string | undefined };
}

/** What a job process does, as JSON in its only argument. */
export interface JobTask {
  readonly kind: JobKind;
  /** Folder of the job: its images, its checkpoint, what it writes. */
  readonly folder: string;
  /** Model file, for every kind but train and doctor. */
  readonly model?: string | undefined;
  /** What a report shows of the model, besides what is in its file. */
  readonly shown?: ShownModel | undefined;
  /** Folder for the good images that trainings keep for updates. */
  readonly replays: string;
  /** Options of the function of `@bigrid/node` that does the work. */
  readonly options: Readonly<Record<string, unknown>>;
}

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
