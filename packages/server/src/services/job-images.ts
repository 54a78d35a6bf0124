import { readFile } from 'node:fs/promises';
import { fail } from '@bigrid/errors';
import { encodeMask } from '@bigrid/node/internal';
import type { FileRepository } from '../repositories/files.ts';
import type { PlacedImage } from '../repositories/job-folders.ts';
import { maskOf } from './ignored-areas.ts';
import { folderOf, maskPathOf } from './image-labels.ts';
import { placesOf } from './image-names.ts';
import type { ImageService, ProjectImage } from './images.ts';
import type { JobRequest } from './job-requests.ts';
import type { ModelVersion } from './model-version.ts';
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
  inspect: () => true,
};

/** Kinds of jobs that read ground-truth masks. */
const readsMasks: ReadonlySet<JobRequest['kind']> = new Set(['evaluate', 'doctor']);

/**
 * The images of a job, and where it finds them. To inspect, there may be none left.
 * @param scored ids of those that need not be inspected
 * @throws NOT_FOUND; DATA_EMPTY if there are none
 */
export function placedImages(
  request: JobRequest,
  images: ImageService,
  scored: readonly number[],
): PlacedImage[] {
  const { kind, project } = request;
  const chosen = request.images && new Set(request.images);
  const used = images
    .all(project)
    .filter((image) => isUsed[kind](image) && (chosen?.has(image.id) ?? true));
  if (used.length === 0) {
    fail('DATA_EMPTY', `Expected images of ${project} for the job ${kind} but received none`, {
      remedy: 'Upload images and label them: docs/how-to/projects-and-jobs.md says who uses which.',
    });
  }
  const known = new Set(scored);
  const placed =
    kind === 'drift'
      ? used.slice(-(Number(request.options.last) || LATEST))
      : used.filter(({ id }) => !known.has(id));
  const shown = kind === 'train' ? someDefects(images.all(project)) : [];
  const places = placesOf([...placed, ...shown], (image) => folderIn(kind, image));
  return Array.from(places, ([image, place]) => ({
    id: image.id,
    name: image.name,
    file: images.pathOf(image),
    place,
    mask:
      readsMasks.has(kind) && image.groundTruth !== null
        ? { file: images.pathOf({ file: image.groundTruth }), place: maskPathOf(place) }
        : undefined,
  }));
}

/** A few defects, of different kinds if there are, whose maps a training shows. */
function someDefects(images: readonly ProjectImage[]): ProjectImage[] {
  const defects = images.filter(({ label }) => label === 'defect');
  const kinds = [...Map.groupBy(defects, ({ kind }) => kind).values()];
  const inTurn = defects.map((_, at) => kinds[at % kinds.length]?.[Math.floor(at / kinds.length)]);
  return inTurn.filter((image) => image !== undefined).slice(0, MOST_SHOWN);
}

function folderIn(kind: JobRequest['kind'], image: ProjectImage): string {
  if (kind === 'drift' || kind === 'inspect') return '';
  // All of them are to learn from, whatever they are for otherwise.
  return kind === 'update' ? 'train/good' : folderOf(image);
}

/** The mask of what the project ignores, PNG; to inspect, that of the version, as for any other inspection. */
export async function maskFor(
  { kind, project }: JobRequest,
  version: ModelVersion | undefined,
  { files, projects }: { readonly files: FileRepository; readonly projects: ProjectService },
): Promise<Uint8Array | undefined> {
  if (kind === 'inspect') {
    const mask = version?.settings.mask;
    return mask === undefined ? undefined : readFile(files.pathOf(mask));
  }
  const { ignored } = projects.get(project);
  return ignored ? encodeMask(maskOf(ignored)) : undefined;
}
