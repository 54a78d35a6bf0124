import { type Signal, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, request } from '../api/client.ts';
import { follow } from '../api/events.ts';
import type { Job, JobRequest } from '../api/types.ts';

export type JobKind = JobRequest['kind'];
export type JobProgress = NonNullable<Job['progress']>;

/** Why a job failed; undefined unless it did. */
export function errorOf({ error }: Job): ApiError | undefined {
  return error ? new ApiError(0, error) : undefined;
}

/** What a page sees of a job as it runs. */
export interface FollowedJob {
  readonly job: Job;
  /** All that it has reported since the page follows it; what it had reported before comes first. */
  readonly progress: readonly JobProgress[];
  readonly log: readonly string[];
}

export type TrainingProfile = 'fast' | 'accurate';

/** The profiles that trainings can have on this server. */
export function loadProfiles(): Promise<TrainingProfile[]> {
  return request('v1/jobs/profiles');
}

/** Queues a job. @throws ApiError */
export function startJob(body: object): Promise<Job> {
  return request<Job>('v1/jobs', { method: 'POST', body });
}

export function cancelJob({ id }: Job): Promise<Job> {
  return request<Job>(`v1/jobs/${id}/cancel`, { method: 'POST' });
}

/** Queues a job again that failed or was cancelled; a training resumes from its checkpoint. */
export function retryJob({ id }: Job): Promise<Job> {
  return request<Job>(`v1/jobs/${id}/retry`, { method: 'POST' });
}

/** The latest job of a kind of a project; undefined if there is none. */
export async function latestJob(project: string, kind: JobKind): Promise<Job | undefined> {
  const { jobs } = await request<{ jobs: Job[] }>('v1/jobs', {
    query: { project, kind, limit: 1 },
  });
  return jobs[0];
}

/** Trainings that are looked through for one like another. */
const LATEST = 20;

/** The latest training with a profile that was done: of the project, or else of another one; undefined if there is none. */
export async function trainingLike(
  project: string,
  profile: TrainingProfile,
): Promise<Job | undefined> {
  const query = { kind: 'train', state: 'done', limit: LATEST };
  const { jobs } = await request<{ jobs: Job[] }>('v1/jobs', { query });
  const alike = jobs.filter(
    ({ request: { options } }) => (options as { profile?: string }).profile === profile,
  );
  return alike.find((job) => job.request.project === project) ?? alike[0];
}

export function isOver({ state }: Pick<Job, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** Handlers of further types of events of a job, by type. */
export type JobEventHandlers = Readonly<Record<string, (data: never, id: string) => void>>;

/**
 * Follows a job until it is over or the signal is aborted, over lost connections and restarts of the server.
 * @returns changes with each event
 */
export function followJob(
  job: Job,
  until: AbortSignal,
  handlers: JobEventHandlers = {},
): Signal<FollowedJob> {
  const followed = signal<FollowedJob>({ job, progress: [], log: [] });
  const over = new AbortController();
  const change = (part: Partial<FollowedJob>) => {
    followed.value = { ...followed.value, ...part };
  };
  const refresh = async () => {
    const now = await request<Job>(`v1/jobs/${job.id}`, { signal: until });
    change({ job: now });
    return now;
  };
  // The stream ends once all that the job has reported is sent, also long after the job. A browser cannot tell that
  // from a lost connection.
  const onConnection = async (isConnected: boolean) => {
    if (!isConnected && isOver(await refresh())) over.abort();
  };
  const progressed = (progress: JobProgress) => {
    const { job: known, progress: before } = followed.value;
    // What a job reported is sent again to those who follow it after its end.
    const now: Job = isOver(known) ? known : { ...known, state: 'running', progress };
    change({ job: now, progress: [...before, progress] });
  };
  follow(
    `v1/jobs/${job.id}/events`,
    {
      state: () => refresh().catch(() => {}),
      progress: progressed,
      log: ({ message }: { message: string }) => change({ log: [...followed.value.log, message] }),
      ...handlers,
    },
    AbortSignal.any([until, over.signal]),
    (isConnected) => onConnection(isConnected).catch(() => {}),
  );
  return followed;
}

/** Follows a job while a component is shown. @param onChange is called with each event */
export function useJob(job: Job | undefined, onChange: (followed: FollowedJob) => void): void {
  const id = job?.id;
  useEffect(() => {
    if (!job) return;
    const gone = new AbortController();
    const followed = followJob(job, gone.signal);
    const stop = followed.subscribe(onChange);
    return () => {
      gone.abort();
      stop();
    };
  }, [id]);
}
