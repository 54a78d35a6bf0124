import type { MapScale } from '@bigrid/inspect';
import { useEffect, useState } from 'preact/hooks';
import type { Job } from '../api/types.ts';
import {
  cancelJob,
  type FollowedJob,
  followJob,
  latestJob,
  retryJob,
  startJob,
} from '../state/jobs.ts';
import { tellError } from '../state/notices.ts';
import { session } from '../state/session.ts';

/** Maps of a few images as they are after some steps. */
export interface Preview {
  readonly step: number;
  readonly images: readonly number[];
  readonly scale: MapScale;
}

/** The latest training of a project, and what can be done with it. */
export interface Training {
  /** Null if there was none; undefined until that is known. */
  readonly followed: FollowedJob | null | undefined;
  /** In the order of their steps. */
  readonly previews: readonly Preview[];
  /** @throws ApiError */
  start(body: object): Promise<void>;
  cancel(): void;
  /** Queues it again; it resumes from its checkpoint. */
  retry(): void;
}

export function useTraining(project: string): Training {
  const [job, setJob] = useState<Job | null>();
  const [followed, setFollowed] = useState<FollowedJob | null>();
  const [previews, setPreviews] = useState<readonly Preview[]>([]);
  useEffect(() => {
    latestJob(project, 'train')
      .then((latest) => setJob(latest ?? null))
      .catch(tellError);
  }, [project]);
  useEffect(() => {
    if (job === null) setFollowed(null);
    if (!job) return;
    const gone = new AbortController();
    setPreviews([]);
    const signal = followJob(job, gone.signal, {
      preview: (added: Preview) => setPreviews((before) => withPreview(before, added)),
    });
    const stop = signal.subscribe(setFollowed);
    return () => {
      gone.abort();
      stop();
    };
  }, [job]);
  const change = (act: (job: Job) => Promise<Job>) => () => {
    if (job) act(job).then(setJob).catch(tellError);
  };
  return {
    followed,
    previews,
    start: async (body) => setJob(await startJob({ kind: 'train', project, ...body })),
    cancel: change(cancelJob),
    retry: change(retryJob),
  };
}

/** A training that resumes repeats some steps: its previews replace those that it had made after them. */
function withPreview(before: readonly Preview[], added: Preview): readonly Preview[] {
  return [...before.filter(({ step }) => step < added.step), added];
}

/** Queues the inspection of all images by a version that was trained, once: by whoever sees first that it is there. */
export async function inspectAll(project: string, { result, endedAt }: Job): Promise<void> {
  // Who may only look starts nothing.
  if (session.value?.caller?.role === 'viewer') return;
  const latest = await latestJob(project, 'inspect');
  if (latest && endedAt && latest.createdAt >= endedAt) return;
  await startJob({ kind: 'inspect', project, model: result?.model, version: result?.version });
}
