import type { Keys } from '../ui/keys.ts';
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

/** The keys of the commands, in lower case. */
export function keysOf(commands: ImageCommands): Keys {
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
