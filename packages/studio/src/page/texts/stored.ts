import { effect, type Signal, signal } from '@preact/signals';

/** A text that this browser remembers. Where it may not, as in a private window, the page goes on without. */
export function stored(name: string, initial: string): Signal<string> {
  const key = `bigrid.${name}`;
  const value = signal(read(key) ?? initial);
  effect(() => write(key, value.value));
  return value;
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It lasts as long as the page then.
  }
}
