import { request } from '../api/client.ts';
import type { Job, ModelVersion } from '../api/types.ts';
import { modelPath } from '../state/model.ts';

/** What the page needs to know of the jobs of a project. */
export interface History {
  /** The jobs that made versions, by version. */
  readonly makers: ReadonlyMap<number, Job>;
  /** The latest update or calibration, whatever became of it. */
  readonly latest: Job | undefined;
  /** Seconds that an image took in the latest inspection of images of the project. */
  readonly secondsPerImage: number | undefined;
}

/** Most jobs to look through. */
const MOST = 1000;

export async function loadHistory(project: string): Promise<History> {
  const query = { project, limit: MOST };
  const { jobs } = await request<{ jobs: Job[] }>('v1/jobs', { query });
  const made = jobs.flatMap((job): [number, Job][] =>
    typeof job.result?.version === 'number' && 'activate' in job.request
      ? [[job.result.version, job]]
      : [],
  );
  return {
    makers: new Map(made),
    latest: jobs.find(({ request: { kind } }) => kind === 'update' || kind === 'calibrate'),
    secondsPerImage: secondsPerImage(jobs),
  };
}

function secondsPerImage(jobs: readonly Job[]): number | undefined {
  for (const { request: asked, state, result, startedAt, endedAt } of jobs) {
    const isInspection = asked.kind === 'inspect' && state === 'done';
    if (!isInspection || startedAt === null || endedAt === null) continue;
    const inspected = Number(result?.inspected);
    if (inspected > 0) return (Date.parse(endedAt) - Date.parse(startedAt)) / 1000 / inspected;
  }
  return undefined;
}

/** Uses a version from now on. @throws ApiError */
export function activate({ model, version }: ModelVersion): Promise<void> {
  return request(modelPath(model, version, '/activate'), { method: 'POST' });
}

/** @throws ApiError */
export function removeVersion({ model, version }: ModelVersion): Promise<void> {
  return request(modelPath(model, version), { method: 'DELETE' });
}

/** @throws ApiError */
export function setNote({ model, version }: ModelVersion, note: string): Promise<void> {
  return request(modelPath(model, version), { method: 'PATCH', body: { note } });
}
