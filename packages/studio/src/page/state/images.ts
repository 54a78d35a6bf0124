import { request } from '../api/client.ts';
import type { Image, ImagePage } from '../api/types.ts';
import { projectPath } from './projects.ts';

export interface ImageFilter {
  readonly label?: 'normal' | 'defect' | 'none';
  readonly kind?: string;
  readonly split?: 'train' | 'test';
  readonly search?: string;
}

/** Images that one request brings. */
const AT_ONCE = 1000;

/** All images of a project, page by page, oldest first: some thousands take a moment. */
export async function* loadImages(
  project: string,
  filter: ImageFilter = {},
  signal?: AbortSignal,
): AsyncGenerator<ImagePage> {
  for (let cursor: number | null = 0; cursor !== null; ) {
    const query = { ...filter, cursor, limit: AT_ONCE };
    const page: ImagePage = await request(projectPath(project, '/images'), { query, signal });
    yield page;
    cursor = page.next;
  }
}

/** All images of a project. */
export async function allImages(project: string, filter: ImageFilter = {}): Promise<Image[]> {
  const images: Image[] = [];
  for await (const page of loadImages(project, filter)) images.push(...page.images);
  return images;
}

export function thumbnailUrl(project: string, { id }: Pick<Image, 'id'>): string {
  return projectPath(project, `/images/${id}/thumbnail`);
}

export function originalUrl(project: string, { id }: Pick<Image, 'id'>): string {
  return projectPath(project, `/images/${id}/file`);
}

export interface Labelling {
  readonly label?: 'normal' | 'defect' | 'none';
  readonly kind?: string;
  readonly split?: 'train' | 'test';
}

/** Labels images, all or none. @returns them with their labels. @throws ApiError */
export function labelImages(
  project: string,
  images: readonly number[],
  labelling: Labelling,
): Promise<Image[]> {
  const body = { images, ...labelling };
  return request(projectPath(project, '/images'), { method: 'PATCH', body });
}
