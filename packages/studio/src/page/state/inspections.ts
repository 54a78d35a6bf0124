import { type RequestOptions, request, send } from '../api/client.ts';
import { type AnomalyMap, parseNpy } from '../api/npy.ts';
import type { InspectionResult } from '../api/types.ts';
import { modelPath } from './model.ts';
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

/** What a version says of an image. */
export interface Inspection {
  readonly result: InspectionResult;
  readonly map: AnomalyMap;
}

/** Inspects an image of a project, and keeps its score. @throws ApiError */
export function inspectImage(
  project: string,
  image: number,
  { model, version }: VersionName,
  signal?: AbortSignal,
): Promise<Inspection> {
  const path = projectPath(project, `/images/${image}/inspection`);
  return requestInspection(path, { query: { model, version }, signal });
}

/** Inspects an image that no project has. @throws ApiError */
export function inspectFile(
  image: Blob,
  { model, version }: VersionName,
  signal: AbortSignal,
): Promise<Inspection> {
  const path = modelPath(model, version, '/inspect');
  return requestInspection(path, { method: 'POST', body: image, signal });
}

async function requestInspection(path: string, options: RequestOptions): Promise<Inspection> {
  const response = await send(path, { ...options, accept: 'multipart/form-data' });
  const form = await response.formData();
  const [result, map] = [form.get('result') as File, form.get('map') as File];
  return {
    result: JSON.parse(await result.text()) as InspectionResult,
    map: parseNpy(await map.arrayBuffer()),
  };
}
