import { useEffect, useState } from 'preact/hooks';
import type { Job } from '../api/types.ts';
import type { VersionName } from '../state/inspections.ts';
import { isOver, latestJob, startJob, useJob } from '../state/jobs.ts';
import { tellError } from '../state/notices.ts';
import { t } from '../texts/index.ts';
import { JobProgress } from '../ui/job-progress.tsx';

interface MissingScoresProps {
  readonly project: string;
  readonly version: VersionName;
  /** Number of images without a score. */
  readonly missing: number;
  /** Scores were added. */
  readonly onScored: () => void;
}

/** Says that images have no score yet, and computes those that are missing. */
export function MissingScores({ project, version, missing, onScored }: MissingScoresProps) {
  const text = t.value.threshold;
  const [job, setJob] = useState<Job>();
  const [shown, setShown] = useState<Job>();
  useEffect(() => {
    latestJob(project, 'inspect')
      .then((latest) => latest && !isOver(latest) && setJob(latest))
      .catch(tellError);
  }, [project]);
  useJob(job, ({ job: now }) => {
    setShown(now);
    if (!isOver(now)) return;
    setJob(undefined);
    setShown(undefined);
    if (now.error) tellError(new Error(now.error.error));
    onScored();
  });
  const score = () =>
    startJob({ kind: 'inspect', project, model: version.model, version: version.version })
      .then(setJob)
      .catch(tellError);
  if (job) return <JobProgress job={shown ?? job} />;
  if (missing === 0) return null;
  return (
    <div class="toolbar">
      <span class="quiet">{text.missing(missing)}</span>
      <button type="button" class="button" onClick={score}>
        {text.score}
      </button>
    </div>
  );
}
