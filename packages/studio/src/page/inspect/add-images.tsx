import { useRef, useState } from 'preact/hooks';
import type { Image } from '../api/types.ts';
import { tellError } from '../state/notices.ts';
import { loadProjects, project } from '../state/projects.ts';
import { uploadImage } from '../state/uploads.ts';
import { t } from '../texts/index.ts';
import { Progress } from '../ui/controls.tsx';
import { Icon } from '../ui/icon.tsx';
import { useDrop } from '../ui/use-drop.ts';

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
  const isDragging = useDrop(({ files }) => add([...files]));
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
