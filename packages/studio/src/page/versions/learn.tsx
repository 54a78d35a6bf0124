import { useEffect, useState } from 'preact/hooks';
import type { DetailedModelVersion, Image, Job } from '../api/types.ts';
import { thumbnailUrl } from '../state/images.ts';
import { startJob } from '../state/jobs.ts';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { hashOf } from '../state/route.ts';
import { formatNumber, t } from '../texts/index.ts';
import { MissingScores } from '../ui/missing-scores.tsx';
import type { History } from './history.ts';
import { LearnJob } from './learn-job.tsx';
import { loadMarked, type Marked } from './marked.ts';

interface LearnProps {
  readonly active: DetailedModelVersion;
  readonly history: History;
  /** Called when a job has made a version. */
  readonly onMade: () => void;
}

/** Learns from the marks: false positives by an update, missed defects by another threshold. */
export function Learn({ active, history, onMade }: LearnProps) {
  const { versions: text, app } = t.value;
  const name = project.value?.name ?? '';
  const { model, version } = active;
  const [marked, setMarked] = useState<Marked>();
  const [job, setJob] = useState(() => unfinished(history.latest, version));
  const load = () => loadMarked(name, active).then(setMarked).catch(tellError);
  useEffect(() => {
    load();
  }, [name, active]);
  const start = (what: object) =>
    startJob({ project: name, model, version, ...what })
      .then(setJob)
      .catch(tellError);
  const learn = (options: object = {}) =>
    start({ kind: 'update', images: marked?.falseAlarm.map(({ id }) => id), options });
  if (!marked) return <p class="quiet">{app.loading}</p>;
  const { falseAlarm, missed, unscored } = marked;
  return (
    <section class="panel learn" aria-labelledby="learn">
      <h2 id="learn">{text.learn}</h2>
      <MissingScores
        model={model}
        version={version}
        missing={unscored}
        text={t.value.scores}
        onDone={load}
      />
      {falseAlarm.length + missed.length === 0 && <p class="quiet">{text.noMarks}</p>}
      <MarkedImages title={text.falseAlarms(falseAlarm.length)} images={falseAlarm} />
      <MarkedImages title={text.missed(missed.length)} images={missed} />
      {job ? (
        <LearnJob
          key={job.id}
          job={job}
          onMade={onMade}
          onGone={() => setJob(undefined)}
          onAllowed={() => learn({ allowSuspect: true })}
        />
      ) : (
        <div class="toolbar">
          {falseAlarm.length > 0 && (
            <button type="button" class="button primary" onClick={() => learn()}>
              {text.update(falseAlarm.length)}
            </button>
          )}
          {missed.length > 0 && (
            <button
              type="button"
              class={`button ${falseAlarm.length > 0 ? '' : 'primary'}`}
              onClick={() => start({ kind: 'calibrate', options: { threshold: 'f1' } })}
            >
              {text.calibrate}
            </button>
          )}
          {falseAlarm.length + missed.length > 0 && (
            <span class="quiet small">{text.learnHint}</span>
          )}
        </div>
      )}
    </section>
  );
}

/** A job that runs or has failed, if it is of that version. */
function unfinished(job: Job | undefined, version: number): Job | undefined {
  const isOpen = job && job.state !== 'done' && job.state !== 'cancelled';
  return isOpen && job.request.version === version ? job : undefined;
}

/** Images that are shown of many. */
const MOST = 12;

function MarkedImages({ title, images }: { title: string; images: readonly Image[] }) {
  const name = project.value?.name ?? '';
  if (images.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <ul class="marked-images">
        {images.slice(0, MOST).map((image) => (
          <li key={image.id}>
            <a href={hashOf({ project: name, page: 'inspect', detail: String(image.id) })}>
              <img src={thumbnailUrl(name, image)} alt={image.name} title={image.name} />
            </a>
          </li>
        ))}
        {images.length > MOST && <li class="quiet">+{formatNumber(images.length - MOST)}</li>}
      </ul>
    </div>
  );
}
