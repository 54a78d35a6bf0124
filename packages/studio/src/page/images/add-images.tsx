import { droppedFiles, filesOf } from '../state/chosen-files.ts';
import { tellError } from '../state/notices.ts';
import { t } from '../texts/index.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { useDrop } from '../ui/use-drop.ts';
import { addFiles, type NewLabel, newLabel, newLabels } from './uploads.ts';

interface OfProject {
  readonly project: string;
}

/** Buttons that choose files or a folder, and the label that they get. */
export function AddImages({ project }: OfProject) {
  const { images: text } = t.value;
  return (
    <>
      <label class="new-label">
        <span class="quiet small">{text.newImages}</span>
        <select
          class="input"
          title={text.newImagesHint}
          value={newLabel.value}
          onChange={({ currentTarget }) => {
            newLabel.value = currentTarget.value;
          }}
        >
          {(Object.keys(newLabels) as NewLabel[]).map((name) => (
            <option key={name} value={name}>
              {text.labels[name]}
            </option>
          ))}
        </select>
      </label>
      <ChooseFiles project={project} label={text.addFiles} icon="upload" isPrimary />
      <ChooseFiles project={project} label={text.addFolder} icon="folder" isFolder />
    </>
  );
}

interface ChooseFilesProps extends OfProject {
  readonly label: string;
  readonly icon: IconName;
  readonly isFolder?: boolean;
  readonly isPrimary?: boolean;
}

function ChooseFiles({ project, label, icon, isFolder, isPrimary }: ChooseFilesProps) {
  return (
    <label class={`button file-button ${isPrimary ? 'primary' : ''}`}>
      <Icon name={icon} />
      {label}
      <input
        class="visually-hidden"
        type="file"
        multiple
        // The types of Preact do not know it.
        {...(isFolder && { webkitdirectory: true })}
        onChange={({ currentTarget }) => {
          addFiles(project, filesOf(currentTarget)).catch(tellError);
          // The same files may be chosen again.
          currentTarget.value = '';
        }}
      />
    </label>
  );
}

/** Takes files and folders that are dropped anywhere on the page. */
export function DropZone({ project }: OfProject) {
  const isOver = useDrop((data) => {
    droppedFiles(data)
      .then((files) => addFiles(project, files))
      .catch(tellError);
  });
  if (!isOver) return null;
  return (
    <div class="drop-zone">
      <Icon name="upload" size={32} />
      {t.value.images.drop}
    </div>
  );
}
