import { computed, signal } from '@preact/signals';
import { shown } from './filters.ts';

/** Ids of the images that were selected; some may not be shown any more. */
export const selected = signal<ReadonlySet<number>>(new Set());

/** Id of the image that keys act on where none is selected. */
export const activeId = signal<number | undefined>(undefined);

/** Where a range begins that Shift selects. */
let anchor: number | undefined;
/** Where the active image was, for when it is shown no more. */
let lastIndex = 0;

/** Index of the active image among those shown; undefined if there is none. */
export const active = computed(() => {
  const id = activeId.value;
  if (id === undefined || shown.value.length === 0) return undefined;
  const index = shown.value.findIndex((image) => image.id === id);
  // Labelling may have moved it out of the filter: the one in its place is next.
  lastIndex = index === -1 ? Math.min(lastIndex, shown.value.length - 1) : index;
  return lastIndex;
});

/** Ids of the images that are selected and shown. */
export const chosen = computed(() =>
  shown.value.flatMap(({ id }) => (selected.value.has(id) ? [id] : [])),
);

/** Ids of the images that a key acts on: those selected, or the active one. */
export function targets(): readonly number[] {
  if (chosen.value.length > 0) return chosen.value;
  const current = active.value === undefined ? undefined : shown.value[active.value];
  return current ? [current.id] : [];
}

/** Makes an image the active one. @param isExtending selects all from the one before */
export function activate(index: number, isExtending = false): void {
  const from = anchor ?? active.value ?? index;
  activeId.value = shown.value[index]?.id;
  if (!isExtending) {
    anchor = index;
    return;
  }
  anchor = from;
  const [first, end] = [Math.min(from, index), Math.max(from, index) + 1];
  select(shown.value.slice(first, end).map(({ id }) => id));
}

export function select(ids: Iterable<number>): void {
  selected.value = new Set(ids);
}

export function selectAll(): void {
  select(shown.value.map(({ id }) => id));
}

export function clear(): void {
  select([]);
}

/** Adds an image to those selected, or takes it out. */
export function toggle(index: number): void {
  const image = shown.value[index];
  if (!image) return;
  activate(index);
  const next = new Set(selected.value);
  if (!next.delete(image.id)) next.add(image.id);
  selected.value = next;
}
