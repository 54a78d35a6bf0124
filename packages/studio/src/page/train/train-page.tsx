import { ENOUGH_PARTS, LEAST_IMAGES } from '@bigrid/inspect';
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Job } from '../api/types.ts';
import { isOver, loadProfiles, type TrainingProfile, trainingLike } from '../state/jobs.ts';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { hashOf } from '../state/route.ts';
import { formatSeconds, t } from '../texts/index.ts';
import { ErrorAlert } from '../ui/error-words.tsx';
import { Icon } from '../ui/icon.tsx';
import { JobProgress } from '../ui/job-progress.tsx';
import { LossCurve } from './loss-curve.tsx';
import { Options, requestOf, usualOptions } from './options.tsx';
import { Outcome } from './outcome.tsx';
import { Previews } from './previews.tsx';
import { type Training, useTraining } from './training.ts';
import './train-page.css';

/** Trains the model of a project, and shows how it learns. */
export default function TrainPage() {
  const { name = '', images } = project.value ?? {};
  const training = useTraining(name);
  const { followed, previews } = training;
  const isRunning = followed != null && !isOver(followed.job);
  return (
    <>
      <div class="page-head">
        <h1>{t.value.pages.train}</h1>
      </div>
      {!isRunning && followed !== undefined && (
        <Start project={name} images={images?.training ?? 0} training={training} />
      )}
      {isRunning && <Running training={training} />}
      {followed && isOver(followed.job) && (
        <Outcome project={name} job={followed.job} training={training} />
      )}
      {followed && previews.length > 0 && (
        <Previews project={name} job={followed.job} previews={previews} />
      )}
      {followed?.progress.some(({ loss }) => loss != null) && (
        <LossCurve progress={followed.progress} />
      )}
    </>
  );
}

interface StartProps {
  readonly project: string;
  /** Number of images to learn from. */
  readonly images: number;
  readonly training: Training;
}

function Start({ project, images, training }: StartProps) {
  const text = t.value.train;
  const chosen = useSignal(usualOptions);
  const [error, setError] = useState<unknown>();
  const [profiles, setProfiles] = useState<readonly TrainingProfile[]>(['fast']);
  useEffect(() => {
    loadProfiles().then(setProfiles).catch(tellError);
  }, []);
  const isEnough = images >= LEAST_IMAGES;
  const start = async (event: SubmitEvent) => {
    event.preventDefault();
    setError(undefined);
    await training.start(requestOf(chosen.value)).catch(setError);
  };
  return (
    <form class="panel train-start" onSubmit={start}>
      <div class="learns-from">
        <h2>{text.learnsFrom(images)}</h2>
        {!isEnough && <p class="quiet">{text.tooFew(LEAST_IMAGES)}</p>}
        {isEnough && images < ENOUGH_PARTS && <p class="quiet">{text.few(ENOUGH_PARTS)}</p>}
        {isEnough && <Duration project={project} profile={chosen.value.profile} />}
      </div>
      {isEnough ? (
        <button type="submit" class="button primary">
          <Icon name="train" />
          {text.start}
        </button>
      ) : (
        <a class="button primary" href={hashOf({ project, page: 'images' })}>
          <Icon name="images" />
          {text.addImages}
        </a>
      )}
      <ErrorAlert error={error} />
      {isEnough && <Options chosen={chosen} profiles={profiles} />}
    </form>
  );
}

/** About how long a training takes on this server: as long as the last one with its profile. */
function Duration({ project, profile }: { project: string; profile: TrainingProfile }) {
  const text = t.value.train;
  const [like, setLike] = useState<Job | null>();
  useEffect(() => {
    trainingLike(project, profile)
      .then((job) => setLike(job ?? null))
      .catch(tellError);
  }, [project, profile]);
  if (like === undefined) return null;
  const { startedAt, endedAt } = like ?? {};
  if (!startedAt || !endedAt) return <p class="quiet">{text.takesMinutes}</p>;
  const time = formatSeconds((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
  const isOwn = like?.request.project === project;
  return <p class="quiet">{isOwn ? text.lastTook(time) : text.lastOfOthersTook(time)}</p>;
}

function Running({ training }: { training: Training }) {
  const text = t.value.train;
  const job = training.followed?.job;
  if (!job) return null;
  return (
    <section class="panel train-running" aria-label={text.running}>
      <JobProgress job={job} />
      <div class="toolbar">
        <span class="quiet small">{text.goesOn}</span>
        <button type="button" class="button end" onClick={() => training.cancel()}>
          {text.cancel}
        </button>
      </div>
    </section>
  );
}
