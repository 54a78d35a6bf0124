import { useState } from 'preact/hooks';
import type { Job } from '../api/types.ts';
import { cancelJob, errorOf, isOver, useJob } from '../state/jobs.ts';
import { tellError, wordsOf } from '../state/notices.ts';
import { t } from '../texts/index.ts';
import { JobProgress } from '../ui/job-progress.tsx';

interface LearnJobProps {
  readonly job: Job;
  readonly onMade: () => void;
  /** Called when it was cancelled, or its failure was read. */
  readonly onGone: () => void;
  /** Called when a person is sure that images are good which score as only defects do. */
  readonly onAllowed: () => void;
}

/** A job that makes a version, as it runs; or why it failed. */
export function LearnJob({ job: asked, onMade, onGone, onAllowed }: LearnJobProps) {
  const { versions: text, app } = t.value;
  const [job, setJob] = useState(asked);
  useJob(isOver(asked) ? undefined : asked, ({ job: now }) => {
    setJob(now);
    if (now.state === 'done') {
      onGone();
      onMade();
    }
    if (now.state === 'cancelled') onGone();
  });
  if (job.error) {
    const { text: told, remedy } = wordsOf(errorOf(job));
    const isSuspect = job.error.code === 'SUSPECT_IMAGES';
    return (
      <div class="warning" role="alert">
        <p>{told}</p>
        <p>{isSuspect ? text.suspect : remedy}</p>
        <div class="toolbar">
          {isSuspect && (
            <button type="button" class="button" onClick={onAllowed}>
              {text.allow}
            </button>
          )}
          <button type="button" class="button" onClick={onGone}>
            {app.dismiss}
          </button>
        </div>
      </div>
    );
  }
  return (
    <div class="running">
      <JobProgress job={job} />
      <button
        type="button"
        class="button"
        onClick={() => cancelJob(job).then(setJob).catch(tellError)}
      >
        {app.cancel}
      </button>
    </div>
  );
}
