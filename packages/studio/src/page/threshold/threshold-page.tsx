import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { DetailedModelVersion, Image } from '../api/types.ts';
import { allImages } from '../state/images.ts';
import { loadScores, type Scores } from '../state/inspections.ts';
import { loadModel, model } from '../state/model.ts';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { hashOf, replaceDetail, route } from '../state/route.ts';
import { t } from '../texts/index.ts';
import { Empty } from '../ui/controls.tsx';
import { MissingScores } from '../ui/missing-scores.tsx';
import { Caption } from './caption.tsx';
import { Changes } from './changes.tsx';
import { judgingOf, keepInUrl, type SavedRules } from './judging.ts';
import { Plot } from './plot.tsx';
import { Rules } from './rules.tsx';
import { scoredImages } from './scored-images.ts';
import { Tiles } from './tiles.tsx';
import './threshold-page.css';

/** Moves the threshold of the version in use, and shows what that means before it is saved. */
export default function ThresholdPage() {
  const text = t.value.threshold;
  const name = project.value?.name ?? '';
  const [isLoaded, setLoaded] = useState(false);
  const [before, setBefore] = useState<SavedRules>();
  useEffect(() => {
    loadModel()
      .then(() => setLoaded(true))
      .catch(tellError);
  }, [name]);
  // That of another project, until it is loaded.
  const version = isLoaded ? model.value : undefined;
  const { images, scores, reload } = useScores(name, version ?? undefined);
  return (
    <>
      <div class="page-head">
        <h1>{t.value.pages.threshold}</h1>
        {version && <p>{text.lead}</p>}
      </div>
      {version === null && (
        <Empty title={text.noModel}>
          <p>{text.noModelLead}</p>
          <a class="button primary" href={hashOf({ project: name, page: 'train' })}>
            {text.toTrain}
          </a>
        </Empty>
      )}
      {version && images && scores && (
        <>
          <MissingScores
            model={version.model}
            version={version.version}
            missing={images.length - scores.images.length}
            text={text}
            onDone={reload}
          />
          <Judge
            // Rules that were saved are a new beginning.
            key={JSON.stringify([version.version, version.settings])}
            project={name}
            version={version}
            images={images}
            scores={scores}
            before={before}
            onSaved={setBefore}
          />
        </>
      )}
    </>
  );
}

interface JudgeProps {
  readonly project: string;
  readonly version: DetailedModelVersion;
  readonly images: readonly Image[];
  readonly scores: Scores;
  readonly before: SavedRules | undefined;
  readonly onSaved: (before: SavedRules | undefined) => void;
}

function Judge({ project, version, images, scores, before, onSaved }: JudgeProps) {
  const judging = useMemo(() => judgingOf(version, route.peek().detail), []);
  useEffect(() => keepInUrl(judging), []);
  const all = useMemo(() => scoredImages(images, scores), [images, scores]);
  const [isSaving, setSaving] = useState(false);
  const saved = (settings: SavedRules | undefined) => {
    replaceDetail(undefined);
    onSaved(settings);
  };
  return (
    <>
      <section class="panel threshold" aria-label={t.value.threshold.threshold}>
        {/* What is saved replaces the draft, and with it whatever would be changed meanwhile. */}
        <fieldset class="judging" disabled={isSaving}>
          <Plot judging={judging} all={all} />
          <Caption judging={judging} all={all} />
          <Rules judging={judging} />
          <Changes judging={judging} before={before} onSaving={setSaving} onSaved={saved} />
        </fieldset>
      </section>
      <Tiles project={project} all={all} judging={judging} />
    </>
  );
}

/** The images of a project and their scores by a version. */
function useScores(name: string, version: DetailedModelVersion | undefined) {
  const [images, setImages] = useState<readonly Image[]>();
  const [scores, setScores] = useState<Scores>();
  const number = version?.version;
  const load = useCallback(() => {
    if (number === undefined) return;
    allImages(name).then(setImages).catch(tellError);
    loadScores(name, { model: name, version: number }).then(setScores).catch(tellError);
  }, [name, number]);
  useEffect(load, [load]);
  return { images, scores, reload: load };
}
