import { computed, signal } from '@preact/signals';
import type { Image } from '../api/types.ts';
import { loadImages } from '../state/images.ts';

/** The project whose images these are. */
export const owner = signal('');

/** The images of the project that have been loaded, by id. */
export const byId = signal<ReadonlyMap<number, Image>>(new Map());

/** Images that are about to be removed, and are not shown any more. */
export const leaving = signal<ReadonlySet<number>>(new Set());

/** Number of images of the project while they load; undefined before and after. */
export const loading = signal<number | undefined>(undefined);

/** All images that are shown without a filter, oldest first. */
export const images = computed(() =>
  [...byId.value.values()].filter(({ id }) => !leaving.value.has(id)).sort((a, b) => a.id - b.id),
);

/** Loads all images of a project, page by page, in place of those of another. */
export async function loadCollection(project: string, signal: AbortSignal): Promise<void> {
  owner.value = project;
  byId.value = new Map();
  leaving.value = new Set();
  loading.value = 0;
  try {
    for await (const page of loadImages(project, {}, signal)) {
      loading.value = page.total;
      put(page.images);
    }
  } finally {
    if (!signal.aborted) loading.value = undefined;
  }
}

/** Adds images, or what is new about them. */
export function put(changed: Iterable<Image>): void {
  const next = new Map(byId.value);
  for (const image of changed) next.set(image.id, image);
  byId.value = next;
}

/** Forgets images that the server does not have any more. */
export function drop(ids: Iterable<number>): void {
  const next = new Map(byId.value);
  for (const id of ids) next.delete(id);
  byId.value = next;
}
