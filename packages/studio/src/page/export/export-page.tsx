import { useEffect } from 'preact/hooks';
import type { DetailedModelVersion } from '../api/types.ts';
import { loadModel, model, modelPath } from '../state/model.ts';
import { tellError } from '../state/notices.ts';
import { projectPath } from '../state/projects.ts';
import { formatNumber, t } from '../texts/index.ts';
import { Empty } from '../ui/controls.tsx';
import { Icon } from '../ui/icon.tsx';
import { Examples } from './examples.tsx';
import { Report } from './report.tsx';
import './export-page.css';

/** The model in use as a file, a report on it, and how to use it elsewhere. */
export default function ExportPage() {
  const { export: text, pages, app } = t.value;
  useEffect(() => {
    loadModel().catch(tellError);
  }, []);
  if (model.value === undefined) return <p class="quiet">{app.loading}</p>;
  if (model.value === null) {
    return (
      <Empty title={text.noModel}>
        <p>{text.noModelHint}</p>
      </Empty>
    );
  }
  const { version } = model.value;
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{pages.export}</h1>
          <p>{text.lead}</p>
        </div>
      </div>
      <Files model={model.value} />
      <Report key={version} model={model.value} />
      <Examples key={version} model={model.value} />
    </>
  );
}

function Files({ model }: { model: DetailedModelVersion }) {
  const { export: text } = t.value;
  const { model: name, version, bytes, manifest } = model;
  return (
    <section class="panel files">
      <h2>{text.version(version)}</h2>
      <p class="quiet">{text.facts(formatNumber(bytes / 1e6, 1), manifest.method.inputSize)}</p>
      <p>{model.promise}</p>
      <div class="toolbar">
        <a class="button primary" href={modelPath(name, version, '/file')} download>
          <Icon name="export" />
          {text.download}
        </a>
        <a class="button" href={projectPath(name, '/export')} download title={text.imagesHint}>
          <Icon name="images" />
          {text.images}
        </a>
      </div>
    </section>
  );
}
