import { request, send } from '../api/client.ts';
import { type AnomalyMap, parseNpy } from '../api/npy.ts';
import type { InspectionResult } from '../api/types.ts';
import { projectPath } from './projects.ts';

/** Scores of images by one version of a model. */
export interface Scores {
  readonly model: string;
  readonly version: number;
  /** Ids, ascending. */
  readonly images: readonly number[];
  /** In the order of the images. */
  readonly scores: readonly number[];
}

/** A version of a model. */
export interface VersionName {
  readonly model: string;
  readonly version: number;
}

/** The scores that are known of a version; the job `inspect` computes the others. */
export function loadScores(project: string, { model, version }: VersionName): Promise<Scores> {
  return request(projectPath(project, '/scores'), { query: { model, version } });
}

/** Inspects an image of a project, and keeps its score. */
export function inspectImage(
  project: string,
  image: number,
  { model, version }: VersionName,
  signal?: AbortSignal,
): Promise<InspectionResult> {
  const path = projectPath(project, `/images/${image}/inspection`);
  return request(path, { query: { model, version }, signal });
}

/** The anomaly map of an image of a project. */
export async function loadMap(
  project: string,
  image: number,
  { model, version }: VersionName,
  signal?: AbortSignal,
): Promise<AnomalyMap> {
  const path = projectPath(project, `/images/${image}/inspection`);
  const accept = 'application/x-npy';
  const response = await send(path, { query: { model, version }, accept, signal });
  return parseNpy(await response.arrayBuffer());
}
