import { computed, signal } from '@preact/signals';

export const pages = [
  'images',
  'train',
  'threshold',
  'inspect',
  'versions',
  'watch',
  'export',
] as const;
export type PageName = (typeof pages)[number];

export interface Route {
  /** Undefined on the start page. */
  readonly project: string | undefined;
  readonly page: PageName;
  /** What the page shows, as it was in the URL, such as the id of an image. */
  readonly detail: string | undefined;
}

/** `#/PROJECT/PAGE/DETAIL`, so that every view has a URL, also where a proxy serves the page below a path. */
function parseRoute(hash: string): Route {
  const [, project = '', page = '', detail] = hash.split('/');
  return {
    project: project === '' ? undefined : decode(project),
    page: pages.find((name) => name === page) ?? 'images',
    detail: detail === undefined || detail === '' ? undefined : decode(detail),
  };
}

export function hashOf({ project, page, detail }: Partial<Route>): string {
  if (project === undefined) return '#/';
  const parts = [project, page ?? 'images', ...(detail === undefined ? [] : [detail])];
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

/** What the URL names. */
export const route = computed(() => parseRoute(hash.value));

export function go(to: Partial<Route>): void {
  location.hash = hashOf(to);
}

/** Changes what the page shows without a step in the history. */
export function replaceDetail(detail: string | undefined): void {
  history.replaceState(history.state, '', hashOf({ ...route.peek(), detail }));
  hash.value = location.hash;
}

/** A URL typed by hand may have broken escapes. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
