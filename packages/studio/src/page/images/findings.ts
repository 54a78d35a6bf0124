import { computed, signal } from '@preact/signals';
import type { Job } from '../api/types.ts';
import { byId } from './collection.ts';

/** What the job `doctor` found, as its result says it. */
interface Finding {
  readonly level: 'ok' | 'note' | 'fix';
  /** What was checked, in one or two words. */
  readonly check: string;
  readonly message: string;
  readonly remedy?: string;
  /** The images concerned, grouped where they belong together. */
  readonly images?: readonly (readonly {
    readonly image: number | null;
    readonly name: string;
  }[])[];
}

/** The latest check of the images; undefined while there is none. */
export const check = signal<Job | undefined>(undefined);

/** What needs a look, the worst first. Groups have the ids of images that still exist. */
export const findings = computed(() => {
  const all = (check.value?.result?.findings ?? []) as readonly Finding[];
  return all
    .filter(({ level }) => level !== 'ok')
    .map((finding, at) => ({ ...finding, at, groups: groupsOf(finding) }))
    .filter(({ images, groups }) => images === undefined || groups.length > 0)
    .sort((a, b) => Number(b.level === 'fix') - Number(a.level === 'fix'));
});

export type OpenFinding = (typeof findings.value)[number];

/** The findings of each image that has any, by its id. */
export const findingsOf = computed(() => {
  const found = new Map<number, OpenFinding[]>();
  for (const finding of findings.value) {
    for (const id of new Set(finding.groups.flat())) {
      found.set(id, [...(found.get(id) ?? []), finding]);
    }
  }
  return found;
});

/** Checks that find several images of the same: one of each is enough. */
const ofCopies: ReadonlySet<string> = new Set(['copies', 'near-duplicates']);

/** All but the first of each group; undefined where groups are not of the same. */
export function spareImages({ check: name, groups }: OpenFinding): number[] | undefined {
  return ofCopies.has(name) ? groups.flatMap((group) => group.slice(1)) : undefined;
}

function groupsOf({ check: name, images = [] }: Finding): number[][] {
  const known = images.map((group) =>
    group.flatMap(({ image }) => (image !== null && byId.value.has(image) ? [image] : [])),
  );
  // One that is left of copies is a copy of none.
  return known.filter(({ length }) => length > (ofCopies.has(name) ? 1 : 0));
}
