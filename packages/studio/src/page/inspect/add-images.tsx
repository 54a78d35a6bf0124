import { useEffect, useRef, useState } from 'preact/hooks';
import type { Image } from '../api/types.ts';
import { tellError } from '../state/notices.ts';
import { loadProjects, project } from '../state/projects.ts';
import { uploadImage } from '../state/uploads.ts';
import { t } from '../texts/index.ts';
import { Progress } from '../ui/controls.tsx';
import { Icon } from '../ui/icon.tsx';

/** Takes images that are chosen or dropped anywhere on the page into the project, without a label. */
export function AddImages({ onAdded }: { onAdded: (images: readonly Image[]) => void }) {
  const { inspect } = t.value;
  const input = useRef<HTMLInputElement>(null);
  const [progress, setProgress] = useState<{ done: number; total: number }>();
  const add = async (files: readonly File[]) => {
    const added: Image[] = [];
    for (const [done, file] of files.entries()) {
      setProgress({ done, total: files.length });
      await uploadImage(project.value?.name ?? '', file)
        .then((image) => added.push(image))
        .catch(tellError);
    }
    setProgress(undefined);
    if (added.length === 0) return;
    await loadProjects().catch(tellError);
    onAdded(added);
  };
  const isDragging = useDrop(add);
  if (progress) return <Progress label={inspect.adding} {...progress} />;
  return (
    <>
      <input
        ref={input}
        type="file"
        class="visually-hidden"
        tabIndex={-1}
        aria-hidden="true"
        accept="image/*"
        multiple
        onChange={({ currentTarget }) => {
          add([...(currentTarget.files ?? [])]);
          currentTarget.value = '';
        }}
      />
      <button type="button" class="button primary" onClick={() => input.current?.click()}>
        <Icon name="upload" />
        {isDragging ? inspect.drop : inspect.add}
      </button>
    </>
  );
}

/** Receives files that are dropped on the window. @returns whether some are held over it */
function useDrop(onFiles: (files: readonly File[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    const gone = new AbortController();
    const { signal } = gone;
    const onDragOver = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    };
    const onDragLeave = ({ relatedTarget }: DragEvent) => relatedTarget ?? setOver(false);
    const onDrop = (event: DragEvent) => {
      setOver(false);
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      latest.current([...event.dataTransfer.files]);
    };
    addEventListener('dragover', onDragOver, { signal });
    addEventListener('dragleave', onDragLeave, { signal });
    addEventListener('drop', onDrop, { signal });
    return () => gone.abort();
  }, []);
  return isOver;
}
