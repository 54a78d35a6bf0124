import type { FileRepository } from '../repositories/files.ts';
import type { JobFolders } from '../repositories/job-folders.ts';
import type { NamedJobRow } from '../repositories/jobs.ts';
import type { JobTask } from '../workers/job-messages.ts';
import type { ImageService } from './images.ts';
import { maskFor, placedImages } from './job-images.ts';
import { type JobRequest, requestOf, sourceOf } from './job-requests.ts';
import type { ModelVersion } from './model-version.ts';
import type { ModelService } from './models.ts';
import type { ProjectService } from './projects.ts';
import { type Scorer, type ScoreService, scorerOf } from './scores.ts';

export interface JobPreparationParts {
  readonly folders: JobFolders;
  readonly files: FileRepository;
  readonly images: ImageService;
  readonly models: ModelService;
  readonly projects: ProjectService;
  readonly scores: ScoreService;
  /** Folder for the good images that trainings keep for updates. */
  readonly replays: string;
  /** File of the backbone of the profile accurate, if the server has one. */
  readonly backbone: string | undefined;
}

export interface PreparedJob {
  readonly task: JobTask;
  /** What the scores of the job depend on, if it is for scores. */
  readonly scorer: Scorer | undefined;
}

/** Puts the images of a job in place unless they are, and says what its process has to do. @throws NOT_FOUND, DATA_EMPTY, OUTPUT_UNWRITABLE */
export async function prepareJob(
  row: NamedJobRow,
  parts: JobPreparationParts,
): Promise<PreparedJob> {
  const { folders, files, images, models, replays, backbone, scores } = parts;
  const { id } = row;
  const request = requestOf(row);
  const source = sourceOf(request);
  const version = source && models.version(source.model, source.version);
  let prepared = await folders.prepared(id);
  if (!prepared) {
    const scored =
      request.kind === 'inspect'
        ? scores.list(request.project, request.model, request.version).images
        : [];
    const mask = await maskFor(request, version, parts);
    prepared = await folders.prepare(id, placedImages(request, images, scored), mask);
  }
  const task = {
    kind: request.kind,
    folder: folders.pathOf(id),
    ...(version && { model: files.pathOf(version.file), shown: shownAs(request, version) }),
    replays,
    backbone,
    options: request.options,
  };
  const isForScores = version && request.kind === 'inspect';
  const mask = prepared.mask ?? undefined;
  return { task, scorer: isForScores ? { ...scorerOf(version), mask } : undefined };
}

function shownAs({ project }: JobRequest, version: ModelVersion): JobTask['shown'] {
  const { threshold, unsure } = version.settings;
  const title = `${version.model}, version ${version.version}, on ${project}`;
  return { title, rules: { threshold, unsure } };
}
