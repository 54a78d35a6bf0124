import { useEffect, useState } from 'preact/hooks';
import type { DetailedModelVersion, Job } from '../api/types.ts';
import { errorOf, isOver, latestJob, startJob, useJob } from '../state/jobs.ts';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { t } from '../texts/index.ts';
import { ErrorWords } from '../ui/error-words.tsx';
import { Icon } from '../ui/icon.tsx';
import { JobProgress } from '../ui/job-progress.tsx';

/** The report on a version: made by a job, and there as long as the job is. */
export function Report({ model: { model, version } }: { model: DetailedModelVersion }) {
  const { export: text } = t.value;
  const [job, setJob] = useState<Job>();
  useEffect(() => {
    latestJob(model, 'evaluate').then((latest) => {
      if (latest?.request.version === version) setJob(latest);
    }, tellError);
  }, [model, version]);
  useJob(job, (followed) => setJob(followed.job));
  const make = () => {
    const request = { kind: 'evaluate', project: model, model, version };
    startJob(request).then(setJob, tellError);
  };
  const { normal = 0, defects = 0 } = project.value?.images ?? {};
  const canMeasure = normal + defects > 0;
  const isRunning = job !== undefined && !isOver(job);
  return (
    <section class="panel report">
      <h2>{text.report}</h2>
      <p class="quiet">{canMeasure ? text.reportHint : text.noTests}</p>
      {isRunning && <JobProgress job={job} />}
      {job?.state === 'failed' && (
        <div class="failed" role="alert">
          <ErrorWords error={errorOf(job)} />
        </div>
      )}
      <div class="toolbar">
        {job?.state === 'done' && (
          <a
            class="button primary"
            href={`v1/jobs/${job.id}/report`}
            target="_blank"
            rel="noopener"
          >
            <Icon name="watch" />
            {text.openReport}
          </a>
        )}
        <button type="button" class="button" disabled={isRunning || !canMeasure} onClick={make}>
          {text.makeReport}
        </button>
      </div>
    </section>
  );
}
