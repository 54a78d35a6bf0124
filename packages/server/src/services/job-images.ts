import { fail } from '@bigrid/errors';
import { encodeMask } from '@bigrid/node/internal';
import type { PlacedImage } from '../repositories/job-folders.ts';
import { maskOf } from './ignored-areas.ts';
import { folderOf } from './image-labels.ts';
import type { ImageService, ProjectImage } from './images.ts';
import type { JobRequest } from './job-requests.ts';
import type { ProjectService } from './projects.ts';

/** Images that drift compares by default, as `drift` of the API. */
const LATEST = 100;

/** Defects that a training shows. */
const MOST_SHOWN = 3;

/** Which images a kind of job uses. */
const isUsed: Record<JobRequest['kind'], (image: ProjectImage) => boolean> = {
  train: ({ label, split }) => label === 'normal' && split === 'train',
  update: ({ label }) => label === 'normal',
  evaluate: ({ label, split }) => label !== null && split === 'test',
  calibrate: ({ label, split }) => label !== null && split === 'test',
  doctor: ({ label }) => label !== null,
  drift: () => true,
};

/**
 * The images of a job, and where it finds them.
 * @throws NOT_FOUND; DATA_EMPTY if there are none
 */
export function placedImages(request: JobRequest, images: ImageService): PlacedImage[] {
  const { kind, project } = request;
  const chosen = request.images && new Set(request.images);
  const used = images
    .all(project)
    .filter((image) => isUsed[kind](image) && (chosen?.has(image.id) ?? true));
  const latest = kind === 'drift' ? used.slice(-(Number(request.options.last) || LATEST)) : used;
  if (latest.length === 0) {
    fail('DATA_EMPTY', `Expected images of ${project} for the job ${kind} but received none`, {
      remedy: 'Upload images and label them: docs/how-to/projects-and-jobs.md says who uses which.',
    });
  }
  const shown = kind === 'train' ? someDefects(images.all(project)) : [];
  return [...latest, ...shown].map((image) => ({
    id: image.id,
    name: image.name,
    file: images.pathOf(image),
    place: placeOf(image, kind),
  }));
}

/** A few defects, of different kinds if there are, whose maps a training shows. */
function someDefects(images: readonly ProjectImage[]): ProjectImage[] {
  const defects = images.filter(({ label }) => label === 'defect');
  const kinds = [...Map.groupBy(defects, ({ kind }) => kind).values()];
  const inTurn = defects.map((_, at) => kinds[at % kinds.length]?.[Math.floor(at / kinds.length)]);
  return inTurn.filter((image) => image !== undefined).slice(0, MOST_SHOWN);
}

function placeOf(image: ProjectImage, kind: JobRequest['kind']): string {
  if (kind === 'drift') return image.name;
  // All of them are to learn from, whatever they are for otherwise.
  return `${kind === 'update' ? 'train/good' : folderOf(image)}/${image.name}`;
}

/** The mask of what the project ignores, PNG. */
export async function maskFor(
  { project }: JobRequest,
  projects: ProjectService,
): Promise<Uint8Array | undefined> {
  const { ignored } = projects.get(project);
  return ignored ? encodeMask(maskOf(ignored)) : undefined;
}
