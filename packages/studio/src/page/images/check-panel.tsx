import { useEffect, useState } from 'preact/hooks';
import type { Job } from '../api/types.ts';
import { errorOf, type FollowedJob, isOver, latestJob, startJob, useJob } from '../state/jobs.ts';
import { tellError } from '../state/notices.ts';
import { go } from '../state/route.ts';
import { t } from '../texts/index.ts';
import { ErrorWords } from '../ui/error-words.tsx';
import { Icon } from '../ui/icon.tsx';
import { JobProgress } from '../ui/job-progress.tsx';
import { remove } from './actions.ts';
import { byId } from './collection.ts';
import { detailOf } from './filters.ts';
import { check, findings, type OpenFinding, spareImages } from './findings.ts';
import { select } from './selection.ts';
import { Thumbnail } from './tile.tsx';
import './check-panel.css';

interface OfProject {
  readonly project: string;
}

/** Images of a finding that are shown in its line. */
const MOST_SHOWN = 12;

/** Checks whose images are of no use: copies, and what was captured by mistake. */
const removable: ReadonlySet<string> = new Set(['readable', 'copies', 'light', 'exposure', 'size']);

/** Starts the check of the images. */
export function CheckButton({ project }: OfProject) {
  const { check: text } = t.value.images;
  useLatestCheck(project);
  const isBusy = check.value !== undefined && !isOver(check.value);
  const start = async () => {
    try {
      check.value = await startJob({ kind: 'doctor', project });
    } catch (error) {
      tellError(error);
    }
  };
  return (
    <button type="button" class="button" disabled={isBusy} onClick={start}>
      <Icon name="check" />
      {check.value ? text.again : text.start}
    </button>
  );
}

/** The check that was made before, also by someone else. */
function useLatestCheck(project: string): void {
  useEffect(() => {
    check.value = undefined;
    latestJob(project, 'doctor')
      .then((job) => {
        check.value ??= job;
      })
      .catch(tellError);
  }, [project]);
}

/** How far the check is, or what it found. */
export function CheckPanel({ project }: OfProject) {
  const job = check.value;
  const { check: text } = t.value.images;
  const [dismissed, dismiss] = useState<number>();
  useJob(job && isOver(job) ? undefined : job, ({ job: now }: FollowedJob) => {
    check.value = now;
  });
  if (!job || job.id === dismissed) return null;
  if (!isOver(job)) {
    return (
      <section class="panel" aria-label={text.title}>
        <JobProgress job={job} />
      </section>
    );
  }
  return <Outcome project={project} job={job} onDismiss={() => dismiss(job.id)} />;
}

interface OutcomeProps extends OfProject {
  readonly job: Job;
  readonly onDismiss: () => void;
}

function Outcome({ project, job, onDismiss }: OutcomeProps) {
  const { images, app } = t.value;
  const all = findings.value;
  const isClean = job.state === 'done' && all.length === 0;
  return (
    <section class="panel check-panel">
      <details open={job.state === 'failed' || all.some(isToFix)}>
        <summary>
          <h2>{images.check.title}</h2>
          <span class={`badge ${all.length > 0 ? 'tone-warning' : 'tone-normal'}`}>
            {all.length}
          </span>
        </summary>
        {isClean && <p class="quiet">{images.check.clean}</p>}
        {job.error && <ErrorWords error={errorOf(job)} />}
        <ul>
          {all.map((finding) => (
            <FindingLine key={finding.at} project={project} finding={finding} />
          ))}
        </ul>
      </details>
      <button type="button" class="button plain icon" aria-label={app.dismiss} onClick={onDismiss}>
        <Icon name="close" />
      </button>
    </section>
  );
}

function FindingLine({ project, finding }: OfProject & { finding: OpenFinding }) {
  const { images } = t.value;
  const { level, message, remedy, groups } = finding;
  const ids = groups.flat();
  const spare = spareImages(finding);
  const showSelected = (chosen: readonly number[]) => {
    select(chosen);
    go({
      project,
      page: 'images',
      detail: detailOf({ show: 'findings', finding: finding.at }),
    });
    document.querySelector('.filters')?.scrollIntoView();
  };
  return (
    <li class="finding">
      <p>
        <span class={`badge ${level === 'fix' ? 'tone-anomalous' : 'tone-warning'}`}>
          {images.check.levels[level === 'fix' ? 'fix' : 'note']}
        </span>{' '}
        {message}
      </p>
      {remedy !== undefined && <p class="quiet small">{remedy}</p>}
      <FoundImages project={project} ids={ids} />
      {ids.length > 0 && (
        <div class="toolbar">
          <button type="button" class="button" onClick={() => showSelected(ids)}>
            {images.check.show}
          </button>
          {spare && (
            <button type="button" class="button" onClick={() => showSelected(spare)}>
              {images.check.selectSpare}
            </button>
          )}
          {removable.has(finding.check) && (
            <button
              type="button"
              class="button danger"
              onClick={() => remove(project, spare ?? ids)}
            >
              {images.check.remove((spare ?? ids).length)}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

/** The first images of a finding; each opens large. */
function FoundImages({ project, ids }: OfProject & { ids: readonly number[] }) {
  const known = ids.flatMap((id) => byId.value.get(id) ?? []);
  if (known.length === 0) return null;
  return (
    <ul class="found-images">
      {known.slice(0, MOST_SHOWN).map((image) => (
        <li key={image.id}>
          <Thumbnail project={project} image={image} />
        </li>
      ))}
      {known.length > MOST_SHOWN && (
        <li class="quiet small">{t.value.upload.more(known.length - MOST_SHOWN)}</li>
      )}
    </ul>
  );
}

function isToFix({ level }: OpenFinding): boolean {
  return level === 'fix';
}
