import { readFile } from 'node:fs/promises';
import { fail, isBigridError } from '@bigrid/errors';
import type { Database } from '../database/database.ts';
import { type ImageScore, ScoreRepository } from '../repositories/scores.ts';
import type { InspectionTask } from '../workers/messages.ts';
import type { ImageService, ProjectImage } from './images.ts';
import type { Inspected, ModelVersion } from './model-version.ts';
import type { ModelService } from './models.ts';
import type { ProjectService } from './projects.ts';

export interface ScoreServiceParts {
  readonly database: Database;
  readonly images: ImageService;
  readonly models: ModelService;
  readonly projects: ProjectService;
}

/** The scores of a project's images by one version. */
export interface ProjectScores {
  readonly model: string;
  readonly version: number;
  /** Ids, ascending; {@link scores} has the same order. */
  readonly images: number[];
  readonly scores: number[];
}

/** What scores depend on: a version, its model file, and the areas that it ignored. */
export interface Scorer extends Pick<ModelVersion, 'model' | 'version' | 'file'> {
  /** SHA-256 of the mask that replaced that of the model file. */
  readonly mask: string | undefined;
}

/** What to look for in an image of a project. */
export type ImageInspection = Omit<InspectionTask, 'image' | 'name'>;

/** Scores of the images of projects: without verdicts, since thresholds change. */
export class ScoreService {
  readonly #parts: ScoreServiceParts;
  readonly #scores: ScoreRepository;

  constructor(parts: ScoreServiceParts) {
    this.#parts = parts;
    this.#scores = new ScoreRepository(parts.database);
  }

  /** @param version the active one if left out. @throws NOT_FOUND */
  list(project: string, name: string, version?: number): ProjectScores {
    const { id } = this.#parts.projects.find(project);
    const { model, version: found } = this.#parts.models.version(name, version);
    const rows = this.#scores.list(id, model, found);
    return {
      model,
      version: found,
      images: rows.map(({ image }) => image),
      scores: rows.map(({ score }) => score),
    };
  }

  /**
   * Inspects an image of a project and keeps its score.
   * @param signal aborted when nobody waits for the result any more
   * @throws NOT_FOUND; what {@link ModelService.inspect} throws
   */
  async inspect(
    image: ProjectImage,
    { model, version }: ModelVersion,
    task: ImageInspection,
    signal: AbortSignal,
  ): Promise<Inspected> {
    const { images, models } = this.#parts;
    const bytes = await readFile(images.pathOf(image));
    const request = { ...task, model, version, image: bytes, name: image.name };
    const inspected = await models.inspect(request, signal);
    if (!this.#scores.has(model, version, image.id)) {
      const scores = [{ image: image.id, score: inspected.result.score }];
      // With a full disk, say, the result is worth more than its score, which can be computed again.
      await this.store(scorerOf(inspected.version), scores).catch((error: unknown) => {
        if (!isBigridError(error)) throw error;
      });
    }
    return inspected;
  }

  /**
   * Stores scores, all or none; those of images that have been deleted are left out.
   * @throws NOT_FOUND if the version has been deleted; STATE_CONFLICT if it ignores other areas by now
   */
  async store(by: Scorer, scores: readonly ImageScore[]): Promise<void> {
    const { model, version } = by;
    await this.#parts.database.write(() => {
      const now = scorerOf(this.#parts.models.version(model, version));
      if (now.file !== by.file || now.mask !== by.mask) {
        fail(
          'STATE_CONFLICT',
          `Expected version ${version} of ${model} to stay as it is while it inspects but its mask or file changed`,
          { remedy: 'Inspect the images again.' },
        );
      }
      for (const one of scores) this.#scores.set(model, version, one);
    });
  }
}

export function scorerOf({ model, version, file, settings }: ModelVersion): Scorer {
  return { model, version, file, mask: settings.mask };
}
