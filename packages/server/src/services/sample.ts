import { fail } from '@bigrid/errors';
import type { FileRepository } from '../repositories/files.ts';
import { drawSample } from '../workers/sample-drawing.ts';
import type { Project, ProjectService } from './projects.ts';
import { RunningWork } from './running-work.ts';
import type { UploadService } from './uploads.ts';

const never = new AbortController().signal;

/** Fills projects with images of a synthetic product, to try everything on. */
export class SampleService {
  readonly #projects: ProjectService;
  readonly #files: FileRepository;
  readonly #uploads: UploadService;
  /** Projects that are being filled. */
  readonly #filling = new Set<string>();
  readonly #running = new RunningWork();

  constructor(projects: ProjectService, files: FileRepository, uploads: UploadService) {
    this.#projects = projects;
    this.#files = files;
    this.#uploads = uploads;
  }

  /** Waits until no project is being filled: with a part of the images it could not be filled again. */
  close(): Promise<void> {
    return this.#running.isOver();
  }

  /**
   * Adds the images to a project without any, or to a new one.
   * @param seed the same seed draws the same images
   * @throws STATE_CONFLICT if the project has images; OUTPUT_UNWRITABLE, STORE_BUSY, WORKER_LOST
   */
  fill(project: string, seed?: number): Promise<Project> {
    return this.#running.add(this.#fill(project, seed));
  }

  async #fill(project: string, seed: number | undefined): Promise<Project> {
    if (this.#filling.has(project) || this.#hasImages(project)) {
      fail('STATE_CONFLICT', `Expected a project without images but received ${project}`, {
        remedy: 'Choose the name of a new project.',
      });
    }
    this.#filling.add(project);
    try {
      if (!this.#projects.has(project)) await this.#projects.create(project);
      await this.#files.withFolder(async (folder) => {
        await drawSample({ folder, seed });
        await this.#uploads.addFolder(project, { folder }, never);
      });
    } finally {
      this.#filling.delete(project);
    }
    return this.#projects.get(project);
  }

  #hasImages(project: string): boolean {
    if (!this.#projects.has(project)) return false;
    return Object.values(this.#projects.get(project).images).some((count) => count > 0);
  }
}
