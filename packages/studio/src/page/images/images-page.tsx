import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { go, route } from '../state/route.ts';
import { uploadsOf } from '../state/uploads.ts';
import { t } from '../texts/index.ts';
import { Empty } from '../ui/controls.tsx';
import { Icon } from '../ui/icon.tsx';
import { useKeys } from '../ui/keys.ts';
import { UploadPanel } from '../ui/upload-panel.tsx';
import { finishRemoval } from './actions.ts';
import { AddImages, DropZone } from './add-images.tsx';
import { Camera } from './camera.tsx';
import { CheckButton, CheckPanel } from './check-panel.tsx';
import { byId, images, loadCollection, loading, owner, put } from './collection.ts';
import { commandsOn, keysOf } from './commands.ts';
import { FilterBar } from './filter-bar.tsx';
import { filter, filterOf, search, shown } from './filters.ts';
import { ImageGrid } from './image-grid.tsx';
import { isAskingKind, LabelBar } from './label-bar.tsx';
import { active, chosen, clear, selectAll, targets, toggle } from './selection.ts';
import { Viewer } from './viewer.tsx';
import './images-page.css';

/** The images of the project: upload, look, label, check. */
export default function ImagesPage() {
  const name = project.value?.name ?? '';
  useCollection(name);
  const { detail } = route.value;
  const hasCamera = useSignal(false);
  const toggleCamera = () => {
    hasCamera.value = !hasCamera.value;
  };
  const opened = byId.value.get(Number(detail));
  useEffect(() => {
    // While an image is open, the filter says which are next to it.
    if (Number.isNaN(Number(detail))) filter.value = filterOf(detail);
  }, [detail]);
  // The page is drawn once before it begins to load the images of another project.
  if (owner.value !== name) return <p class="quiet">{t.value.app.loading}</p>;
  if (opened) return <Viewer project={name} image={opened} />;
  return (
    <>
      <DropZone project={name} />
      <Head project={name} onCamera={toggleCamera} />
      {hasCamera.value && <Camera project={name} onClose={toggleCamera} />}
      <UploadPanel project={name} />
      <CheckPanel project={name} />
      {byId.value.size > 0 ? <Overview project={name} /> : <NoImages />}
    </>
  );
}

function useCollection(name: string): void {
  useEffect(() => {
    const gone = new AbortController();
    clear();
    search.value = '';
    loadCollection(name, gone.signal).catch((error) => {
      if (!gone.signal.aborted) tellError(error);
    });
    const stop = uploadsOf(name).onImages(put);
    return () => {
      stop();
      gone.abort();
      finishRemoval().catch(tellError);
    };
  }, [name]);
}

function Head({ project: name, onCamera }: { project: string; onCamera: () => void }) {
  const { images: text, pages } = t.value;
  const isLoading = loading.value !== undefined && loading.value > images.value.length;
  return (
    <div class="page-head">
      <div>
        <h1>{pages.images}</h1>
        <p class="number">
          {isLoading
            ? text.loading(images.value.length, loading.value ?? 0)
            : text.count(images.value.length)}
        </p>
      </div>
      <div class="toolbar">
        {images.value.length > 0 && <CheckButton project={name} />}
        <AddImages project={name} />
        <button
          type="button"
          class="button icon"
          aria-label={text.camera}
          title={text.camera}
          onClick={onCamera}
        >
          <Icon name="camera" />
        </button>
      </div>
    </div>
  );
}

/** Filters, labels, and the grid. */
function Overview({ project: name }: { project: string }) {
  const { images: text } = t.value;
  const isHelp = useSignal(false);
  const commands = commandsOn(name, targets, () => {
    isAskingKind.value = targets().length > 0;
  });
  const open = () => {
    const image = shown.value[active.value ?? -1];
    if (image) go({ project: name, page: 'images', detail: String(image.id) });
  };
  const help = () => {
    isHelp.value = !isHelp.value;
  };
  useKeys({
    ...keysOf(commands),
    ' ': () => active.value !== undefined && toggle(active.value),
    'ctrl+a': selectAll,
    escape: clear,
    enter: open,
    '/': () => document.getElementById('image-search')?.focus(),
    '?': help,
  });
  const count = targets().length;
  return (
    <>
      <FilterBar project={name}>
        <button
          type="button"
          class="button plain"
          aria-label={text.keys}
          title={text.keys}
          aria-expanded={isHelp.value}
          onClick={help}
        >
          <kbd>?</kbd>
        </button>
      </FilterBar>
      {isHelp.value && <KeyHelp />}
      <LabelBar
        commands={commands}
        count={count}
        what={what()}
        onClear={chosen.value.length > 0 ? clear : undefined}
      />
      {shown.value.length > 0 ? <ImageGrid project={name} /> : <NoneShown project={name} />}
    </>
  );
}

/** What the commands act on, in words. */
function what(): string {
  const { images: text } = t.value;
  if (chosen.value.length > 0) return text.selected(chosen.value.length);
  return shown.value[active.value ?? -1]?.name ?? text.noneSelected;
}

function KeyHelp() {
  return (
    <dl class="keys">
      {t.value.images.keyHelp.map(([key, effect]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{effect}</dd>
        </div>
      ))}
    </dl>
  );
}

function NoImages() {
  const { images: text, app } = t.value;
  if (loading.value !== undefined) return <p class="quiet">{app.loading}</p>;
  return (
    <Empty title={text.emptyTitle}>
      <p>{text.emptyText}</p>
    </Empty>
  );
}

function NoneShown({ project: name }: { project: string }) {
  const { images: text } = t.value;
  const showAll = () => {
    search.value = '';
    go({ project: name, page: 'images' });
  };
  return (
    <Empty title={text.noneShown}>
      <button type="button" class="button" onClick={showAll}>
        {text.showAll}
      </button>
    </Empty>
  );
}
