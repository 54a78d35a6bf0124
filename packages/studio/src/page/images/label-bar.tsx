import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import { actions, undo } from './actions.ts';
import type { ImageCommands } from './commands.ts';
import { kinds } from './filters.ts';

/** Whether the bar asks for the kind of a defect. */
export const isAskingKind = signal(false);

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
      {isAskingKind.value && !isNone && <AskKind commands={commands} />}
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

/** Asks for the kind of a defect, in a line. */
function AskKind({ commands }: { commands: ImageCommands }) {
  const { images: text, app } = t.value;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
    return () => {
      isAskingKind.value = false;
    };
  }, []);
  const close = () => {
    isAskingKind.value = false;
    document
      .querySelector<HTMLElement>('.virtual-grid, .zoom-view')
      ?.focus({ preventScroll: true });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    commands.defectOf(input.current?.value.trim() || 'defect');
    close();
  };
  return (
    <form class="ask-kind" onSubmit={submit}>
      <label class="ask">
        <span>{text.kind}</span>
        <input
          ref={input}
          class="input"
          list="kinds"
          maxLength={64}
          autocomplete="off"
          placeholder="defect"
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.stopPropagation();
            close();
          }}
        />
      </label>
      <datalist id="kinds">
        {kinds.value.map((kind) => (
          <option key={kind} value={kind} />
        ))}
      </datalist>
      {kinds.value.slice(0, 8).map((kind) => (
        <button
          key={kind}
          type="button"
          class="chip"
          onClick={() => {
            commands.defectOf(kind);
            close();
          }}
        >
          {kind}
        </button>
      ))}
      <button type="submit" class="button primary">
        {text.applyKind}
      </button>
      <button type="button" class="button" onClick={close}>
        {app.cancel}
      </button>
    </form>
  );
}
