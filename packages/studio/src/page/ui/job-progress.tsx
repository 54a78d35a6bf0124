import type { FollowedJob } from '../state/jobs.ts';
import { t } from '../texts/index.ts';
import { Progress } from './controls.tsx';

/** How far a job is, in words. */
export function JobProgress({ job }: Pick<FollowedJob, 'job'>) {
  const { phase, done, total, secondsLeft } = job.progress ?? { phase: '', done: 0, total: 0 };
  const { phases, states } = t.value.jobs;
  const isQueued = job.state === 'queued' || !job.progress;
  const label = isQueued ? states[job.state] : (phases[phase as keyof typeof phases] ?? phase);
  return <Progress label={label} done={done} total={total} secondsLeft={secondsLeft} />;
}
