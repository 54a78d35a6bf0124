import { useEffect, useState } from 'preact/hooks';
import type { Job } from '../api/types.ts';
import type { VersionName } from '../state/inspections.ts';
import { errorOf, type FollowedJob, isOver, latestJob, startJob, useJob } from '../state/jobs.ts';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import type { Texts } from '../texts/en.ts';
import { JobProgress } from './job-progress.tsx';

interface MissingScoresProps extends VersionName {
  /** Images without a score of the version. */
  readonly missing: number;
  /** What the page says about them. */
  readonly text: Pick<Texts['scores'], 'missing' | 'inspect'>;
  readonly onDone: () => void;
}

/** Offers to inspect the images that have no score, and shows how far that is. */
export function MissingScores({ model, version, missing, text, onDone }: MissingScoresProps) {
  const name = project.value?.name ?? '';
  const [followed, setFollowed] = useState<FollowedJob>();
  const [job, setJob] = useState<Job>();
  useEffect(() => {
    const isSame = (found: Job) => found.request.version === version && !isOver(found);
    latestJob(name, 'inspect')
      .then((found) => found && isSame(found) && setJob(found))
      .catch(tellError);
  }, [name, version]);
  useJob(job, (now) => {
    setFollowed(now);
    if (!isOver(now.job)) return;
    setJob(undefined);
    setFollowed(undefined);
    if (now.job.error) tellError(errorOf(now.job));
    onDone();
  });
  if (followed) return <JobProgress job={followed.job} />;
  if (missing === 0) return null;
  const start = () =>
    startJob({ kind: 'inspect', project: name, model, version }).then(setJob).catch(tellError);
  return (
    <div class="toolbar">
      <span class="quiet">{text.missing(missing)}</span>
      <button type="button" class="button" disabled={job !== undefined} onClick={start}>
        {text.inspect}
      </button>
    </div>
  );
}
