import { useEffect } from 'preact/hooks';
import { request } from '../api/client.ts';
import type { Job } from '../api/types.ts';
import { errorOf } from '../state/jobs.ts';
import { loadModel, model, modelPath, versions } from '../state/model.ts';
import { tellError } from '../state/notices.ts';
import { hashOf } from '../state/route.ts';
import { t } from '../texts/index.ts';
import { ErrorWords } from '../ui/error-words.tsx';
import { Icon } from '../ui/icon.tsx';
import { PromiseText } from '../ui/promise-text.tsx';
import { inspectAll, type Training } from './training.ts';

/** How a training ended, and what comes next. */
export function Outcome(props: { project: string; job: Job; training: Training }) {
  const { job, training } = props;
  const text = t.value.train;
  if (job.state === 'done') return <Done project={props.project} job={job} />;
  const isFailed = job.state === 'failed';
  return (
    <section class="panel train-outcome" role={isFailed ? 'alert' : undefined}>
      <h2>{isFailed ? text.failed : text.cancelled}</h2>
      {isFailed ? <ErrorWords error={errorOf(job)} /> : <p>{text.resumes}</p>}
      <div class="toolbar">
        <button type="button" class="button" onClick={() => training.retry()}>
          <Icon name="play" />
          {isFailed ? text.retry : text.resume}
        </button>
      </div>
    </section>
  );
}

/** The version that was made. Its model file may have been deleted since. */
function Done({ project, job }: { project: string; job: Job }) {
  const text = t.value.train;
  const number = Number(job.result?.version);
  useEffect(() => {
    loadModel()
      .then(() => inspectAll(project, job))
      .catch(tellError);
  }, [project, job.id, job.endedAt]);
  const own = versions.value?.find(({ version }) => version === number);
  if (!own) return null;
  const inUse = model.value?.version;
  return (
    <section class="panel train-outcome">
      <h2>{text.ready(number)}</h2>
      {own.isActive && model.value && (
        <PromiseText calibration={model.value.manifest.calibration} />
      )}
      {!own.isActive && inUse !== undefined && <p>{text.stillInUse(inUse)}</p>}
      <div class="toolbar">
        {own.isActive ? (
          <NextSteps project={project} />
        ) : (
          <Adopt project={project} version={number} />
        )}
      </div>
    </section>
  );
}

function NextSteps({ project }: { project: string }) {
  const text = t.value.train;
  return (
    <>
      <a class="button primary" href={hashOf({ project, page: 'threshold' })}>
        <Icon name="threshold" />
        {text.toThreshold}
      </a>
      <a class="button" href={hashOf({ project, page: 'inspect' })}>
        <Icon name="inspect" />
        {text.toInspect}
      </a>
    </>
  );
}

/** A production line judges by the version in use, so another one is not taken without a decision. */
function Adopt({ project, version }: { project: string; version: number }) {
  const text = t.value.train;
  const adopt = () =>
    request(modelPath(project, version, '/activate'), { method: 'POST' })
      .then(loadModel)
      .catch(tellError);
  return (
    <>
      <button type="button" class="button primary" onClick={adopt}>
        {text.adopt(version)}
      </button>
      <a class="button" href={hashOf({ project, page: 'versions' })}>
        <Icon name="versions" />
        {text.compare}
      </a>
    </>
  );
}
