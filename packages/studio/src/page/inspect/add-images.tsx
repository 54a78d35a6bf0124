import { useRef } from 'preact/hooks';
import { type ChosenFile, droppedFiles, filesOf } from '../state/chosen-files.ts';
import { tellError } from '../state/notices.ts';
import { t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import { useDrop } from '../ui/use-drop.ts';

/** Takes images that are chosen or dropped anywhere on the page. */
export function AddImages({ onFiles }: { onFiles: (files: readonly ChosenFile[]) => void }) {
  const { inspect } = t.value;
  const input = useRef<HTMLInputElement>(null);
  const isDragging = useDrop((data) => {
    droppedFiles(data).then(onFiles).catch(tellError);
  });
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
          onFiles(filesOf(currentTarget));
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
