import type { ComponentChildren } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import type { DetailedModelVersion } from '../api/types.ts';
import { thumbnailUrl } from '../state/images.ts';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { go, route } from '../state/route.ts';
import { formatNumber, t } from '../texts/index.ts';
import { Empty } from '../ui/controls.tsx';
import { Filmstrip } from '../ui/filmstrip.tsx';
import { Icon } from '../ui/icon.tsx';
import { MissingScores } from '../ui/missing-scores.tsx';
import { AddImages } from './add-images.tsx';
import { openReview, type Review, type Reviewed } from './review.ts';
import { ReviewToolbar } from './review-toolbar.tsx';
import { Reviewing } from './reviewing.tsx';

/** Looking through the images of the project: a strip of them, and one large. */
export function ReviewView({ version }: { version: DetailedModelVersion }) {
  const name = project.value?.name ?? '';
  const review = useMemo(() => openReview(name, version), [name, version.version]);
  const load = () => review.load().catch(tellError);
  useEffect(() => {
    load();
  }, [review]);
  const { inspect, app } = t.value;
  const all = review.all.value;
  if (!all) return <p class="quiet">{app.loading}</p>;
  const add = (
    <AddImages
      onAdded={async ([first]) => {
        await load();
        if (first) show(first.id);
      }}
    />
  );
  if (all.length === 0) {
    return (
      <Empty title={inspect.empty}>
        <p>{inspect.emptyHint}</p>
        {add}
      </Empty>
    );
  }
  return (
    <>
      <ReviewToolbar review={review}>{add}</ReviewToolbar>
      <MissingScores
        model={version.model}
        version={version.version}
        missing={all.filter(({ score }) => score === undefined).length}
        text={t.value.scores}
        onDone={load}
      />
      <Images review={review} all={all} version={version} />
    </>
  );
}

interface ImagesProps {
  readonly review: Review;
  readonly all: readonly Reviewed[];
  readonly version: DetailedModelVersion;
}

function Images({ review, all, version }: ImagesProps): ComponentChildren {
  const shown = review.shown.value;
  const { detail } = route.value;
  // Also where the filter leaves it out, as after an undo.
  const current = all.find(({ image }) => String(image.id) === detail) ?? shown[0];
  if (!current) return <Empty title={t.value.inspect.none} />;
  const selected = shown.indexOf(current);
  const step = (by: number) => {
    const to = shown[Math.min(shown.length - 1, Math.max(0, selected + by))];
    if (to) show(to.image.id);
  };
  return (
    <>
      <Strip shown={shown} selected={selected} />
      <Reviewing review={review} version={version} current={current} step={step} show={show} />
    </>
  );
}

function Strip({ shown, selected }: { shown: readonly Reviewed[]; selected: number }) {
  const { inspect, verdicts } = t.value;
  const name = project.value?.name ?? '';
  const at = (index: number) => shown[index] as Reviewed;
  return (
    <Filmstrip
      label={inspect.strip}
      count={shown.length}
      selected={selected}
      onSelect={(index) => show(at(index).image.id)}
      keyOf={(index) => at(index).image.id}
      classOf={(index) => `tone-${at(index).verdict}`}
    >
      {(index) => {
        const { image, score, verdict, mark } = at(index);
        return (
          <>
            <img src={thumbnailUrl(name, image)} alt={image.name} decoding="async" />
            <span class="caption">
              {score === undefined ? '–' : formatNumber(score, 2)}
              {verdict && <span class="visually-hidden">{verdicts[verdict]}</span>}
              {mark && <Icon name="flag" size={14} />}
            </span>
          </>
        );
      }}
    </Filmstrip>
  );
}

function show(image: number): void {
  go({ project: project.value?.name, page: 'inspect', detail: String(image) });
}
