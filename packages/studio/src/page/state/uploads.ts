import { send } from '../api/client.ts';
import type { Image, UploadedImages } from '../api/types.ts';
import { projectPath } from './projects.ts';

/** Uploads an image to a project, without a label unless the project has it already. @throws ApiError */
export async function uploadImage(
  project: string,
  file: Blob,
  name = nameOf(file),
): Promise<Image> {
  const path = projectPath(project, '/images');
  const response = await send(path, { method: 'POST', query: { name }, body: file });
  const { images } = (await response.json()) as UploadedImages;
  return images[0] as Image;
}

function nameOf(file: Blob): string {
  return file instanceof File ? file.name : 'image';
}
