import { fail } from '@bigrid/errors';
import { JobFolders } from '../repositories/job-folders.ts';
import { JobRepository, type JobState, type NamedJobRow } from '../repositories/jobs.ts';
import { ReplayRepository } from '../repositories/replays.ts';
import { AuditLog, currentActor } from './audit.ts';
import { type JobEvent, JobEvents } from './job-events.ts';
import { placedImages } from './job-images.ts';
import { JobQueue, type JobQueueParts } from './job-queue.ts';
import { type JobRequest, requestOf, sourceOf } from './job-requests.ts';

export interface Job {
  readonly id: number;
  readonly state: JobState;
  readonly request: JobRequest;
  /** The latest; null before any. */
  readonly progress: unknown;
  /** Null unless it is done. */
  readonly result: unknown;
  /** Null unless it failed. */
  readonly error: unknown;
  /** Name of the key, or `loopback` without one. */
  readonly createdBy: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** Profiles that {@link JobService.profiles} may have. */
export const trainingProfiles = ['fast', 'accurate'] as const;
type TrainingProfile = (typeof trainingProfiles)[number];

/** Which jobs to list. */
export interface JobListing {
  readonly state?: JobState | undefined;
  readonly kind?: string | undefined;
  /** Name of a project. */
  readonly project?: string | undefined;
}

export interface JobPage {
  readonly jobs: Job[];
  /** Where the next page begins; null on the last. */
  readonly next: number | null;
}

export interface JobServiceParts
  extends Omit<JobQueueParts, 'jobs' | 'events' | 'folders' | 'replays'> {
  /** Folder of all data. */
  readonly data: string;
}

/** Training, evaluation and other long work on projects: queued, done one after the other, taken up again after a crash. */
export class JobService {
  readonly #parts: JobServiceParts;
  readonly #jobs: JobRepository;
  readonly #events: JobEvents;
  readonly #folders: JobFolders;
  readonly #audit: AuditLog;
  readonly #queue: JobQueue;

  constructor(parts: JobServiceParts) {
    const { data, database, onError } = parts;
    this.#parts = parts;
    this.#jobs = new JobRepository(database);
    this.#events = new JobEvents(database, this.#jobs, onError);
    this.#folders = new JobFolders(data);
    this.#audit = new AuditLog(database);
    this.#queue = new JobQueue({
      ...parts,
      jobs: this.#jobs,
      events: this.#events,
      folders: this.#folders,
      replays: new ReplayRepository(data).folder,
    });
  }

  /** Whether what runs the jobs can be reached. */
  get isReachable(): boolean {
    return this.#parts.runner.isReachable;
  }

  /** Takes up the jobs that an earlier process of the server left, and begins. */
  start(): Promise<void> {
    return this.#queue.start();
  }

  /** Leaves the jobs to workers, or ends their processes; they are taken up again at the next start. */
  close(): Promise<void> {
    return this.#queue.close();
  }

  /** Profiles that trainings can have here. */
  get profiles(): TrainingProfile[] {
    return this.#parts.backbone === undefined ? ['fast'] : ['fast', 'accurate'];
  }

  /** Ids of the jobs that are not done: they may be queued again. */
  unfinished(): Set<number> {
    const open = this.#jobs.all().filter(({ isDone }) => !isDone);
    return new Set(open.map(({ id }) => id));
  }

  /** Hashes of the images that jobs work on, which may have been deleted meanwhile. */
  async files(): Promise<Set<string>> {
    const lists = await Promise.all([...this.unfinished()].map((id) => this.#folders.prepared(id)));
    return new Set(lists.flatMap((list) => Object.values(list?.files ?? {})));
  }

  /**
   * Queues a job.
   * @throws NOT_FOUND; DATA_EMPTY if the project has no images for it; OPTION_INVALID for the profile accurate without its
   *   backbone
   */
  async create(given: JobRequest): Promise<Job> {
    const { images, models, projects, backbone } = this.#parts;
    if (given.kind === 'train' && given.options.profile === 'accurate' && backbone === undefined) {
      failWithoutBackbone();
    }
    const { id: project } = projects.find(given.project);
    const source = sourceOf(given);
    const version = source && models.version(source.model, source.version).version;
    // Its scores have to be of one version, even if another one is activated before it is done.
    const request = given.kind === 'inspect' ? { ...given, version } : given;
    placedImages(request, images, []);
    const created_at = new Date().toISOString();
    const id = await this.#parts.database.write(() => {
      const added = this.#jobs.add({
        project,
        kind: request.kind,
        request: JSON.stringify(request),
        created_by: currentActor(),
        created_at,
      });
      this.#events.add(added, { type: 'state', state: 'queued' });
      this.#audit.record('job.create', String(added), {
        kind: request.kind,
        project: request.project,
      });
      return added;
    });
    this.#queue.next();
    return this.get(id);
  }

  /** The latest first. @param before the page begins before it: `next` of the page before. @throws NOT_FOUND */
  list({ project, ...filter }: JobListing, before: number, limit: number): JobPage {
    const named = project === undefined ? {} : { project: this.#parts.projects.find(project).id };
    const rows = this.#jobs.list({ ...filter, ...named }, before, limit + 1);
    const jobs = rows.slice(0, limit).map((row) => this.#describe(row));
    return { jobs, next: rows.length > limit ? (jobs.at(-1)?.id ?? null) : null };
  }

  /** @throws NOT_FOUND */
  get(id: number): Job {
    return this.#describe(this.#find(id));
  }

  /** Cancels a job; resolves once its process has ended. @throws NOT_FOUND; STATE_CONFLICT if it has ended; QUEUE_UNAVAILABLE */
  async cancel(id: number): Promise<Job> {
    const { state } = this.#find(id);
    if (isOver(state)) {
      fail(
        'STATE_CONFLICT',
        `Expected a job that has not ended but received ${id}, which is ${state}`,
      );
    }
    await this.#parts.database.write(() => this.#audit.record('job.cancel', String(id)));
    await this.#queue.cancel(id);
    return this.get(id);
  }

  /**
   * Queues a job again that failed or was cancelled, with the images that the project has now. A training resumes from its
   * checkpoint if they are the same.
   * @throws NOT_FOUND; STATE_CONFLICT if it has not ended, or is done
   */
  async retry(id: number): Promise<Job> {
    const { state } = this.#find(id);
    if (state !== 'failed' && state !== 'cancelled') {
      fail(
        'STATE_CONFLICT',
        `Expected a job that failed or was cancelled but received ${id}, which is ${state}`,
      );
    }
    await this.#folders.forgetImages(id);
    await this.#events.change(id, 'queued', () => this.#jobs.queue(id, 0));
    this.#queue.next();
    return this.get(id);
  }

  /** Removes a job with its events, not what it made. @throws NOT_FOUND; STATE_CONFLICT if it has not ended */
  async remove(id: number): Promise<void> {
    const { state } = this.#find(id);
    if (!isOver(state)) {
      fail(
        'STATE_CONFLICT',
        `Expected a job that has ended but received ${id}, which is ${state}`,
        {
          remedy: 'Cancel it first.',
        },
      );
    }
    await this.#parts.database.write(() => {
      this.#jobs.remove(id);
      this.#audit.record('job.delete', String(id));
    });
    await this.#folders.remove(id);
  }

  /** Events after another one, at most a number of them. @throws NOT_FOUND */
  events(id: number, after: number, most: number): JobEvent[] {
    this.#find(id);
    return this.#events.after(id, after, most);
  }

  /** The map of an image in a preview of a training, as NPY. @throws NOT_FOUND */
  async preview(id: number, step: number, image: number): Promise<Uint8Array> {
    this.#find(id);
    return (
      (await this.#folders.preview(id, step, image)) ??
      fail('NOT_FOUND', `Expected a preview of job ${id} but received step ${step}, image ${image}`)
    );
  }

  /** The report of an evaluation that is done, an HTML page. @throws NOT_FOUND */
  async report(id: number): Promise<Uint8Array> {
    const { state } = this.#find(id);
    const found = state === 'done' ? await this.#folders.report(id) : undefined;
    return (
      found ??
      fail('NOT_FOUND', `Expected an evaluation that is done but received job ${id}`, {
        remedy: 'Queue a job of the kind evaluate, and wait until it is done.',
      })
    );
  }

  /** Whether no more events will come, unless it is queued again. @throws NOT_FOUND */
  isOver(id: number): boolean {
    return isOver(this.#find(id).state);
  }

  /** Resolves when there is another event. Rejects when the signal is aborted. */
  nextEvent(id: number, signal: AbortSignal): Promise<void> {
    return this.#events.next(id, signal);
  }

  #find(id: number): NamedJobRow {
    return (
      this.#jobs.find(id) ??
      fail('NOT_FOUND', `Expected a job but received ${id}, which does not exist`)
    );
  }

  #describe(row: NamedJobRow): Job {
    const { id, state, result, error, created_by, created_at, started_at, ended_at } = row;
    return {
      id,
      state,
      request: requestOf(row),
      progress: parsed(this.#jobs.progress(id) ?? null),
      result: parsed(result),
      error: parsed(error),
      createdBy: created_by,
      createdAt: created_at,
      startedAt: started_at,
      endedAt: ended_at,
    };
  }
}

function isOver(state: JobState): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

function parsed(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

function failWithoutBackbone(): never {
  return fail(
    'OPTION_INVALID',
    'Expected a server with the backbone of the profile accurate but received a request to one without it',
    {
      remedy:
        'Choose the profile fast, or start the server with --backbone FILE: the weights of DINOv2.',
    },
  );
}
