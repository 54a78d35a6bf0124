import { computed, signal } from '@preact/signals';
import { request } from '../api/client.ts';
import type { Project } from '../api/types.ts';
import { nameFrom } from './project-names.ts';
import { route } from './route.ts';

/** All projects; undefined until they are loaded. */
export const projects = signal<readonly Project[] | undefined>(undefined);

/** The one that the URL names; undefined if there is none of that name, or on the start page. */
export const project = computed(() =>
  projects.value?.find(({ name }) => name === route.value.project),
);

/** Loads the projects, with their numbers of images: again after each change. */
export async function loadProjects(): Promise<void> {
  projects.value = await request<Project[]>('v1/projects');
}

/** Path of what belongs to a project. */
export function projectPath(name: string, rest = ''): string {
  return `v1/projects/${encodeURIComponent(name)}${rest}`;
}

/** Gives a project another title; its name stays. @throws ApiError */
export async function renameProject(name: string, title: string): Promise<void> {
  await request(projectPath(name), { method: 'PATCH', body: { title } });
  await loadProjects();
}

/** @returns its name, which URLs and programs can have. @throws ApiError */
export async function createProject(title: string): Promise<string> {
  const taken = new Set(projects.value?.map(({ name }) => name));
  const first = nameFrom(title);
  let name = first;
  for (let number = 2; taken.has(name); number++) name = `${first}-${number}`;
  await request('v1/projects', { method: 'POST', body: { name, title } });
  await loadProjects();
  return name;
}
