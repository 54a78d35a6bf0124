import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import { KindForm } from '../ui/kind-form.tsx';
import { actions, undo } from './actions.ts';
import type { ImageCommands } from './commands.ts';
import { kinds } from './filters.ts';

/** Whether the bar asks for the kind of a defect. */
export const isAskingKind = signal(false);

function stopAsking(): void {
  isAskingKind.value = false;
}

interface LabelBarProps {
  readonly commands: ImageCommands;
  /** Number of images that the buttons act on. */
  readonly count: number;
  /** What they act on, in words, where that is not obvious. */
  readonly what?: string;
  /** Takes back what is selected. */
  readonly onClear?: (() => void) | undefined;
}

/** Labels the images that are selected or open; each button names its key. */
export function LabelBar({ commands, count, what, onClear }: LabelBarProps) {
  const { images: text } = t.value;
  const isNone = count === 0;
  useEffect(() => stopAsking, []);
  const buttons = [
    { key: 'G', label: text.labels.training, act: commands.good },
    { key: 'T', label: text.labels.testing, act: commands.testing },
    { key: 'D', label: text.labels.defect, act: commands.defect },
    { key: 'N', label: text.labels.none, act: commands.none },
  ];
  return (
    <div class="label-bar" role="toolbar" aria-label={text.select}>
      {what !== undefined && <span class="what number">{what}</span>}
      {buttons.map(({ key, label, act }) => (
        <button key={key} type="button" class="button" disabled={isNone} onClick={act}>
          {label} <kbd>{key}</kbd>
        </button>
      ))}
      <button
        type="button"
        class="button plain icon danger"
        aria-label={text.remove}
        title={text.remove}
        disabled={isNone}
        onClick={commands.remove}
      >
        <Icon name="remove" />
      </button>
      {onClear && (
        <button
          type="button"
          class="button plain icon"
          aria-label={text.clear}
          title={text.clear}
          onClick={onClear}
        >
          <Icon name="close" />
        </button>
      )}
      <LastAction />
      {isAskingKind.value && !isNone && (
        <KindForm
          kinds={kinds.value}
          onKind={(kind) => commands.defectOf(kind || 'defect')}
          onClose={stopAsking}
        />
      )}
    </div>
  );
}

/** What was done last, with a way back. */
function LastAction() {
  const { images: text } = t.value;
  const last = actions.value.at(-1);
  return (
    <div class="last-action" role="status">
      {last && (
        <>
          <span class="quiet small">{last.text}</span>
          <button type="button" class="button plain" onClick={() => undo()}>
            <Icon name="undo" />
            {text.undo} <kbd>Z</kbd>
          </button>
        </>
      )}
    </div>
  );
}
