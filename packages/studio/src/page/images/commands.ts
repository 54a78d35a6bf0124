import { useEffect } from 'preact/hooks';
import { label, remove, undo } from './actions.ts';

/** What keys and buttons do with images. */
export interface ImageCommands {
  readonly good: () => void;
  readonly testing: () => void;
  /** Asks for the kind. */
  readonly defect: () => void;
  readonly defectOf: (kind: string) => void;
  readonly none: () => void;
  readonly remove: () => void;
}

/** @param targets the ids to act on, when it is time */
export function commandsOn(
  project: string,
  targets: () => readonly number[],
  askKind: () => void,
): ImageCommands {
  const by = (labelling: Parameters<typeof label>[2]) => () => {
    label(project, targets(), labelling);
  };
  return {
    good: by({ label: 'normal', split: 'train' }),
    testing: by({ label: 'normal', split: 'test' }),
    defect: askKind,
    defectOf: (kind) => by({ label: 'defect', kind })(),
    none: by({ label: 'none' }),
    remove: () => remove(project, targets()),
  };
}

export type KeyActions = Readonly<Record<string, ((event: KeyboardEvent) => void) | undefined>>;

/** The keys of the commands, in lower case. */
export function keysOf(commands: ImageCommands): KeyActions {
  return {
    g: commands.good,
    t: commands.testing,
    d: commands.defect,
    n: commands.none,
    delete: commands.remove,
    backspace: commands.remove,
    z: () => undo(),
    'ctrl+z': () => undo(),
  };
}

/** Calls what belongs to a key, wherever the focus is, except where people type. */
export function useKeys(keys: KeyActions): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const { key, ctrlKey, metaKey, altKey, target } = event;
      if (event.defaultPrevented || altKey || isTyping(target)) return;
      // Buttons and links have these themselves.
      if ((key === ' ' || key === 'Enter') && (target as Element).closest('button, a, summary'))
        return;
      const name = `${ctrlKey || metaKey ? 'ctrl+' : ''}${key.toLowerCase()}`;
      const act = keys[name];
      if (!act) return;
      event.preventDefault();
      act(event);
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select') !== null;
}
