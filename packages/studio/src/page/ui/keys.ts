import { useLayoutEffect, useRef } from 'preact/hooks';

/** What keys of the page do, by `KeyboardEvent.key` in lower case; with Ctrl or Command as `ctrl+z`. */
export type Keys = Readonly<Record<string, () => void>>;

/** Handles keys while a component is shown, except those that what has the focus takes itself. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  // Before anything is painted, so that no key is lost.
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || event.shiftKey || isTaken(event)) return;
      const control = event.ctrlKey || event.metaKey ? 'ctrl+' : '';
      const handle = latest.current[control + event.key.toLowerCase()];
      if (!handle) return;
      event.preventDefault();
      handle();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}

/** Whether a person types, or the key moves a slider or to another radio button. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const isChoice = target.matches('input:is([type=radio], [type=range], [type=checkbox])');
  return isChoice ? key.startsWith('Arrow') : target.matches('input, select, textarea');
}
