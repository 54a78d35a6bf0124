import { type Judgement, judge } from '@bigrid/inspect';
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { DetailedModelVersion, Image } from '../api/types.ts';
import { allImages, type Labelling, labelImages } from '../state/images.ts';
import { loadScores, type VersionName } from '../state/inspections.ts';
import { type Mark, markOf } from '../state/marks.ts';
import { model } from '../state/model.ts';

/** Which images the strip shows. */
export const filters = ['all', 'anomalous', 'unsure', 'normal', 'marked'] as const;
type Filter = (typeof filters)[number];

export const orders = ['score', 'newest'] as const;
type Order = (typeof orders)[number];

/** An image with what the version in use says of it. */
export interface Reviewed {
  readonly image: Image;
  /** Undefined until the version has inspected it; so are the others. */
  readonly score: number | undefined;
  readonly verdict: Judgement | undefined;
  readonly mark: Mark | undefined;
}

/** The images of a project, for a person who looks through them and marks wrong verdicts. */
export interface Review {
  readonly filter: Signal<Filter>;
  readonly order: Signal<Order>;
  /** Undefined until they are loaded. */
  readonly all: ReadonlySignal<readonly Reviewed[] | undefined>;
  /** Those of the filter, in the order. */
  readonly shown: ReadonlySignal<readonly Reviewed[]>;
  readonly counts: ReadonlySignal<Readonly<Record<Filter, number>>>;
  readonly canUndo: ReadonlySignal<boolean>;
  /** Kinds of defects in use. */
  readonly kinds: ReadonlySignal<readonly string[]>;
  /** Loads images and scores: again after either has changed elsewhere. @throws ApiError */
  load(): Promise<void>;
  /** Adds images that have arrived. */
  put(arrived: readonly Image[]): void;
  setScore(image: number, score: number): void;
  /** @throws ApiError */
  label(image: Image, labelling: Labelling): Promise<void>;
  /** Takes back the latest labelling. @returns the image, if there was one. @throws ApiError */
  undo(): Promise<Image | undefined>;
}

const labels = new Map<string, Signal<readonly Image[]>>();

/** The labels of a project before they were changed, the latest last: also after its page was left. */
function labelsBefore(project: string): Signal<readonly Image[]> {
  const known = labels.get(project) ?? signal<readonly Image[]>([]);
  labels.set(project, known);
  return known;
}

/** Judges by the version in use, whose settings may change meanwhile. */
export function openReview(project: string, { model: name, version }: VersionName): Review {
  const images = signal<readonly Image[] | undefined>(undefined);
  const scores = signal<ReadonlyMap<number, number>>(new Map());
  const filter = signal<Filter>('all');
  const order = signal<Order>('score');
  const before = labelsBefore(project);

  const all = computed(() => {
    const calibration = model.value?.manifest.calibration;
    if (!calibration) return undefined;
    return images.value?.map((image) => reviewed(image, scores.value.get(image.id), calibration));
  });
  const shown = computed(() => {
    const chosen = (all.value ?? []).filter((one) => isShown(one, filter.value));
    return chosen.sort(order.value === 'score' ? byScore : byAge);
  });
  const relabel = async (image: Image, labelling: Labelling) => {
    const changed = await labelImages(project, [image.id], labelling);
    images.value = images.value?.map((one) => changed.find(({ id }) => id === one.id) ?? one);
  };
  return {
    filter,
    order,
    all,
    shown,
    counts: computed(() => countsOf(all.value ?? [])),
    canUndo: computed(() => before.value.length > 0),
    kinds: computed(() => [
      ...new Set((images.value ?? []).flatMap(({ kind }) => (kind === null ? [] : [kind]))),
    ]),
    async load() {
      const [found, known] = await Promise.all([
        allImages(project),
        loadScores(project, { model: name, version }),
      ]);
      scores.value = new Map(known.images.map((id, at) => [id, known.scores[at] as number]));
      images.value = found;
    },
    put(arrived) {
      const ids = new Set(arrived.map(({ id }) => id));
      const others = (images.value ?? []).filter(({ id }) => !ids.has(id));
      images.value = [...others, ...arrived];
    },
    setScore(image, score) {
      if (scores.value.get(image) !== score) scores.value = new Map(scores.value).set(image, score);
    },
    async label(image, labelling) {
      await relabel(image, labelling);
      before.value = [...before.value, image];
    },
    async undo() {
      const image = before.value.at(-1);
      if (!image) return undefined;
      const { label, kind, split } = image;
      const isDefect = label === 'defect';
      await relabel(image, {
        label: label ?? 'none',
        ...(isDefect && kind !== null ? { kind } : {}),
        ...(isDefect ? {} : { split }),
      });
      before.value = before.value.slice(0, -1);
      return image;
    },
  };
}

function reviewed(
  image: Image,
  score: number | undefined,
  calibration: DetailedModelVersion['manifest']['calibration'],
): Reviewed {
  if (score === undefined) return { image, score, verdict: undefined, mark: undefined };
  return {
    image,
    score,
    verdict: judge(score, calibration),
    mark: markOf(image, score, calibration),
  };
}

function isShown({ verdict, mark }: Reviewed, filter: Filter): boolean {
  if (filter === 'all') return true;
  return filter === 'marked' ? mark !== undefined : verdict === filter;
}

function countsOf(all: readonly Reviewed[]): Record<Filter, number> {
  const count = (filter: Filter) => all.filter((one) => isShown(one, filter)).length;
  return Object.fromEntries(filters.map((filter) => [filter, count(filter)])) as Record<
    Filter,
    number
  >;
}

/** The highest first, then those without a score. */
function byScore(a: Reviewed, b: Reviewed): number {
  return (
    (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY) || byAge(a, b)
  );
}

function byAge(a: Reviewed, b: Reviewed): number {
  return b.image.id - a.image.id;
}
