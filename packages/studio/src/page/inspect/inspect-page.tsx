import { useEffect } from 'preact/hooks';
import { loadModel, model } from '../state/model.ts';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { go, hashOf, route } from '../state/route.ts';
import { t } from '../texts/index.ts';
import { Empty, Segments } from '../ui/controls.tsx';
import './inspect-page.css';
import { CameraView } from './camera-view.tsx';
import { ReviewView } from './review-view.tsx';
import { StreamsView } from './streams-view.tsx';

/** What the URL shows: an image by its id, `camera`, or `streams` with the name of one. */
type View = 'images' | 'streams' | 'camera';

export default function InspectPage() {
  const { inspect, pages } = t.value;
  const name = project.value?.name;
  const view = viewOf(route.value.detail);
  useEffect(() => {
    loadModel().catch(tellError);
  }, []);
  const show = (to: View) =>
    go({ project: name, page: 'inspect', detail: to === 'images' ? undefined : to });
  return (
    <>
      <div class="page-head">
        <h1>{pages.inspect}</h1>
        {model.value && (
          <Segments
            label={inspect.views.label}
            value={view}
            options={(['images', 'streams', 'camera'] as const).map((value) => ({
              value,
              label: inspect.views[value],
            }))}
            onChange={show}
          />
        )}
      </div>
      {model.value === null && (
        <Empty title={inspect.noModel}>
          <p>{inspect.noModelHint}</p>
          <a class="button primary" href={hashOf({ project: name, page: 'train' })}>
            {pages.train}
          </a>
        </Empty>
      )}
      {model.value && view === 'images' && (
        // Scores and verdicts are of one version, under its settings.
        <ReviewView key={`${model.value.version}`} version={model.value} />
      )}
      {model.value && view === 'streams' && <StreamsView version={model.value} />}
      {model.value && view === 'camera' && <CameraView version={model.value} />}
    </>
  );
}

function viewOf(detail: string | undefined): View {
  if (detail === 'camera') return 'camera';
  return detail?.startsWith('streams') ? 'streams' : 'images';
}
