import { request } from '../api/client.ts';
import type { Comparison } from '../api/types.ts';
import { allImages } from '../state/images.ts';
import { loadScores } from '../state/inspections.ts';
import { projectPath } from '../state/projects.ts';
import type { History } from './history.ts';

/** Two versions of a model, the first of which is the one before. */
export interface Pair {
  readonly model: string;
  readonly first: number;
  readonly second: number;
}

/** The images that versions are compared on: labelled ones for testing, which training never learns. */
export async function testImages(project: string): Promise<number[]> {
  const images = await allImages(project, { split: 'test' });
  return images.flatMap(({ id, label }) => (label === null ? [] : [id]));
}

/** Those of some images that lack the score of one of two versions, by version. */
export async function missingScores(
  project: string,
  { model, first, second }: Pair,
  images: readonly number[],
): Promise<ReadonlyMap<number, readonly number[]>> {
  const known = await Promise.all(
    [first, second].map((version) => loadScores(project, { model, version })),
  );
  return new Map(
    known.map(({ version, images: ids }) => {
      const scored = new Set(ids);
      return [version, images.filter((id) => !scored.has(id))];
    }),
  );
}

/** @throws ApiError */
export function loadComparison(project: string, { model, first, second }: Pair) {
  const query = { model, version: first, otherVersion: second, split: 'test' };
  return request<Comparison>(projectPath(project, '/comparison'), { query });
}

/** The images that only one of two versions has learned in updates, which favours it on them. */
export function learnedByOne(history: History, { first, second }: Pair): number[] {
  const [before, after] = [learnedBy(history, first), learnedBy(history, second)];
  return [...new Set([...before, ...after])].filter((id) => before.has(id) !== after.has(id));
}

/** The images that a version, or one before that it was made from, has learned in an update. */
function learnedBy(history: History, version: number): Set<number> {
  const request = history.makers.get(version)?.request;
  if (request?.kind !== 'update' && request?.kind !== 'calibrate') return new Set();
  const own = request.kind === 'update' ? ((request.images as number[] | undefined) ?? []) : [];
  const earlier = typeof request.version === 'number' ? learnedBy(history, request.version) : [];
  return new Set([...own, ...earlier]);
}

/** Of the false positives that a version was made to learn, those that it still puts above its threshold. */
export function updateOf({ makers }: History, { version, threshold }: Comparison['second']) {
  const { request, result } = makers.get(version) ?? {};
  if (request?.kind !== 'update') return undefined;
  const images = result?.images as readonly { readonly after: number }[];
  return { images: images.length, above: images.filter(({ after }) => after > threshold).length };
}
