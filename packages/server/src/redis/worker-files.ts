import type { JobTask } from '../workers/job-messages.ts';
import type { DetectorFiles } from '../workers/messages.ts';

/** Where a worker has the files of its work. */
export interface WorkerFiles {
  /** Of the data folder of the server, however it is shared. */
  readonly folderId: string;
  /** The files of a model, as a server sends them. @throws S3_UNAVAILABLE, S3_DAMAGED, OUTPUT_UNWRITABLE */
  detector(received: unknown): Promise<DetectorFiles>;
  /**
   * The files of a job.
   * @param run its name
   * @param received the task, as a server sends it
   * @throws S3_UNAVAILABLE, S3_DAMAGED, OUTPUT_UNWRITABLE
   */
  openJob(run: string, received: unknown): Promise<OpenJob>;
  /** Ends the use of the files. */
  close(): Promise<void>;
}

/** The files of a job on a worker. */
export interface OpenJob {
  readonly task: JobTask;
  /** Lets the server and other workers have what the job has written so far. @throws S3_UNAVAILABLE */
  save(): Promise<void>;
  close(): Promise<void>;
}
