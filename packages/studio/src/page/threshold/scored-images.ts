import { type Judgement, judge, type Thresholds } from '@bigrid/inspect';
import type { Image } from '../api/types.ts';
import type { Scores } from '../state/inspections.ts';

export interface ScoredImage extends Pick<Image, 'id' | 'name' | 'label' | 'kind' | 'split'> {
  readonly score: number;
}

/** Images of a project with their scores, ascending, and the scores by what the images are: to count without a loop. */
export interface ScoredImages {
  readonly images: readonly ScoredImage[];
  readonly scores: Float64Array;
  /** Of labelled defects. */
  readonly defects: Float64Array;
  /** Of good images that are for testing. */
  readonly good: Float64Array;
}

export const sorts = ['score', 'distance'] as const;
export type Sort = (typeof sorts)[number];

export const filters = ['all', 'anomalous', 'unsure', 'normal', 'wrong'] as const;
export type Filter = (typeof filters)[number];

export function scoredImages(images: readonly Image[], scores: Scores): ScoredImages {
  const scoreOf = new Map(scores.images.map((id, at) => [id, scores.scores[at] as number]));
  const scored = images
    .flatMap(({ id, name, label, kind, split }): ScoredImage[] => {
      const score = scoreOf.get(id);
      return score === undefined ? [] : [{ id, name, label, kind, split, score }];
    })
    .sort((a, b) => a.score - b.score);
  const scoresOf = (isMeant: (image: ScoredImage) => boolean) =>
    Float64Array.from(scored.filter(isMeant), ({ score }) => score);
  return {
    images: scored,
    scores: scoresOf(() => true),
    defects: scoresOf(({ label }) => label === 'defect'),
    good: scoresOf(({ label, split }) => label === 'normal' && split === 'test'),
  };
}

/** How many of ascending scores are at or below a threshold: also the index of the first above it. */
export function countUpTo(scores: Float64Array, threshold: number): number {
  let [low, high] = [0, scores.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((scores[middle] as number) > threshold) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How many images each filter shows. */
export function countsOf(all: ScoredImages, thresholds: Thresholds): Record<Filter, number> {
  const { scores } = all;
  const { unsureFrom, anomalousFrom } = bordersOf(all, thresholds);
  return {
    all: scores.length,
    anomalous: scores.length - anomalousFrom,
    unsure: anomalousFrom - unsureFrom,
    normal: unsureFrom,
    wrong: all.images.reduce((sum, image) => sum + Number(isWrong(image, thresholds)), 0),
  };
}

/** The indices of the images to show, in their order. */
export function arranged(
  all: ScoredImages,
  { sort, filter }: { readonly sort: Sort; readonly filter: Filter },
  thresholds: Thresholds,
): number[] {
  const { unsureFrom, anomalousFrom } = bordersOf(all, thresholds);
  const end = all.images.length;
  const [from, to] = {
    all: [0, end],
    anomalous: [anomalousFrom, end],
    unsure: [unsureFrom, anomalousFrom],
    normal: [0, unsureFrom],
    wrong: [0, end],
  }[filter] as [number, number];
  const order =
    sort === 'score' ? falling(from, to) : outward(all.scores, from, to, anomalousFrom, thresholds);
  if (filter !== 'wrong') return order;
  return order.filter((at) => isWrong(all.images[at] as ScoredImage, thresholds));
}

function bordersOf({ scores }: ScoredImages, { threshold, unsure }: Thresholds) {
  const anomalousFrom = countUpTo(scores, threshold);
  const unsureFrom = unsure ? countUpTo(scores, unsure.threshold) : anomalousFrom;
  return { unsureFrom: Math.min(unsureFrom, anomalousFrom), anomalousFrom };
}

function isWrong({ label, score }: ScoredImage, thresholds: Thresholds): boolean {
  return isWrongly(judge(score, thresholds), label);
}

/** Whether a good image is anomalous, or a defect normal. */
export function isWrongly(verdict: Judgement, label: Image['label']): boolean {
  return label !== null && verdict === (label === 'normal' ? 'anomalous' : 'normal');
}

function falling(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => to - 1 - at);
}

/** Indices of from..to - 1, those with scores next to the threshold first: from the border to both sides. */
function outward(
  scores: Float64Array,
  from: number,
  to: number,
  border: number,
  { threshold }: Thresholds,
): number[] {
  let above = Math.min(to, Math.max(from, border));
  let below = above - 1;
  return Array.from({ length: to - from }, () => {
    const up = above < to ? (scores[above] as number) - threshold : Number.POSITIVE_INFINITY;
    const down = below >= from ? threshold - (scores[below] as number) : Number.POSITIVE_INFINITY;
    return up < down ? above++ : below--;
  });
}
