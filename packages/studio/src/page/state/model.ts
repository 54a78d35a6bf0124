import { signal } from '@preact/signals';
import { request } from '../api/client.ts';
import type { DetailedModelVersion, ModelVersion } from '../api/types.ts';
import { project } from './projects.ts';

/** All versions of the model of the project, which has its name, newest first; undefined until they are loaded. */
export const versions = signal<readonly ModelVersion[] | undefined>(undefined);

/** The version in use, with what it judges by; null while there is none, undefined until it is loaded. */
export const model = signal<DetailedModelVersion | null | undefined>(undefined);

/** Path of a version of a model, or of the model. */
export function modelPath(name: string, version?: number, rest = ''): string {
  const path = `v1/models/${encodeURIComponent(name)}`;
  return version === undefined ? `${path}${rest}` : `${path}/versions/${version}${rest}`;
}

/** Loads the versions of the project's model and the one in use: again after each change of either. */
export async function loadModel(): Promise<void> {
  const name = project.value?.name;
  if (name === undefined) return;
  // A project without a model has none here, where asking for its versions would be an error.
  const models = await request<ModelVersion[]>('v1/models');
  const all = models.filter(({ model: of }) => of === name);
  const active = all.find(({ isActive }) => isActive);
  const detailed = active && (await loadVersion(name, active.version));
  // Another project may have been opened meanwhile.
  if (project.value?.name !== name) return;
  versions.value = all.toSorted((a, b) => b.version - a.version);
  model.value = detailed ?? null;
}

export function loadVersion(name: string, version: number): Promise<DetailedModelVersion> {
  return request<DetailedModelVersion>(modelPath(name, version));
}
