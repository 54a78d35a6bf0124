import { computed, signal } from '@preact/signals';
import type { Image } from '../api/types.ts';
import { images } from './collection.ts';
import { findingsOf } from './findings.ts';

export const filterNames = [
  'all',
  'training',
  'testing',
  'defects',
  'unlabelled',
  'findings',
] as const;
type FilterName = (typeof filterNames)[number];

export interface Filter {
  readonly show: FilterName;
  /** Kind of defect; undefined for all. */
  readonly kind?: string | undefined;
  /** Number of a finding; undefined for all. */
  readonly finding?: number | undefined;
}

export const filter = signal<Filter>({ show: 'all' });

/** Part of the name. */
export const search = signal('');

const tests: Record<FilterName, (image: Image) => boolean> = {
  all: () => true,
  training: ({ label, split }) => label === 'normal' && split === 'train',
  testing: ({ label, split }) => label === 'normal' && split === 'test',
  defects: ({ label }) => label === 'defect',
  unlabelled: ({ label }) => label === null,
  findings: ({ id }) => findingsOf.value.has(id),
};

/** The images that the grid shows. */
export const shown = computed(() => {
  const { show, kind, finding } = filter.value;
  const text = search.value.trim().toLowerCase();
  return images.value.filter(
    (image) =>
      tests[show](image) &&
      (kind === undefined || image.kind === kind) &&
      (finding === undefined || isOf(finding, image)) &&
      image.name.toLowerCase().includes(text),
  );
});

function isOf(finding: number, { id }: Image): boolean {
  return findingsOf.value.get(id)?.some(({ at }) => at === finding) ?? false;
}

/** Number of images by filter. */
export const counts = computed(() => {
  const all = images.value;
  return Object.fromEntries(
    filterNames.map((name) => [name, all.filter(tests[name]).length]),
  ) as Record<FilterName, number>;
});

/** Kinds of defects in use, by name. */
export const kinds = computed(() =>
  [...new Set(images.value.flatMap(({ kind }) => (kind === null ? [] : [kind])))].sort((a, b) =>
    a.localeCompare(b),
  ),
);

/** What the URL says of a filter: its name, with the kind of defect or the number of the finding behind a colon. */
export function filterOf(detail: string | undefined): Filter {
  const [name, ...rest] = (detail ?? '').split(':');
  const show = filterNames.find((known) => known === name) ?? 'all';
  const part = rest.join(':');
  if (show === 'defects' && part !== '') return { show, kind: part };
  return show === 'findings' && /^\d+$/.test(part) ? { show, finding: Number(part) } : { show };
}

export function detailOf({ show, kind, finding }: Filter): string | undefined {
  if (show === 'all') return undefined;
  const part = kind ?? finding;
  return part === undefined ? show : `${show}:${part}`;
}
