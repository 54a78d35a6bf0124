import { useLayoutEffect, useRef } from 'preact/hooks';

/** What keys of the page do, by `KeyboardEvent.key` in lower case; with Ctrl or Command as `ctrl+z`. */
export type Keys = Readonly<Record<string, (() => void) | undefined>>;

/** Handles keys while a component is shown, except those that what has the focus takes itself. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  // Before anything is painted, so that no key is lost.
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      // Shift makes characters, such as a question mark, but another key of an arrow.
      const isOther = event.altKey || (event.shiftKey && event.key.length > 1);
      if (event.defaultPrevented || isOther || isTaken(event)) return;
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

/** Whether a person types, or the key presses a button, follows a link, or moves a slider or to another radio button. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const pressed = 'button, a, summary, input, select, textarea';
  if (key === ' ' || key === 'Enter') return target.closest(pressed) !== null;
  const isChoice = target.matches('input:is([type=radio], [type=range], [type=checkbox])');
  return isChoice ? key.startsWith('Arrow') : target.matches('input, select, textarea');
}
