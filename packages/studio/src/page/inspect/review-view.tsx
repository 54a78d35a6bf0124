import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { DetailedModelVersion } from '../api/types.ts';
import type { ChosenFile } from '../state/chosen-files.ts';
import { thumbnailUrl } from '../state/images.ts';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { go, route } from '../state/route.ts';
import { uploadsOf } from '../state/uploads.ts';
import { formatNumber, t } from '../texts/index.ts';
import { Empty } from '../ui/controls.tsx';
import { Filmstrip } from '../ui/filmstrip.tsx';
import { Icon } from '../ui/icon.tsx';
import { MissingScores } from '../ui/missing-scores.tsx';
import { UploadPanel } from '../ui/upload-panel.tsx';
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
  const addFiles = useAdding(name, review);
  const { inspect, app } = t.value;
  const all = review.all.value;
  if (!all) return <p class="quiet">{app.loading}</p>;
  const add = <AddImages onFiles={addFiles} />;
  if (all.length === 0) {
    return (
      <>
        <UploadPanel project={name} />
        <Empty title={inspect.empty}>
          <p>{inspect.emptyHint}</p>
          {add}
        </Empty>
      </>
    );
  }
  return (
    <>
      <ReviewToolbar review={review}>{add}</ReviewToolbar>
      <UploadPanel project={name} />
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

/** @returns adds files without a label; the first of them is shown when it has arrived */
function useAdding(name: string, review: Review): (files: readonly ChosenFile[]) => void {
  const isAwaited = useRef(false);
  useEffect(
    () =>
      uploadsOf(name).onImages((arrived) => {
        review.put(arrived);
        const [first] = arrived;
        if (first && isAwaited.current) show(first.id);
        isAwaited.current = false;
      }),
    [name, review],
  );
  return (files) => {
    isAwaited.current = true;
    uploadsOf(name).add(files, { label: 'none' });
  };
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
