import { fail } from '@bigrid/errors';
import type { Database } from '../database/database.ts';
import { type ImageCount, ImageRepository } from '../repositories/images.ts';
import type { JobFolders } from '../repositories/job-folders.ts';
import { JobRepository } from '../repositories/jobs.ts';
import { ProjectRepository, type ProjectRow } from '../repositories/projects.ts';
import { AuditLog } from './audit.ts';
import { type IgnoredAreas, ignoredAreasSchema, maskOf } from './ignored-areas.ts';
import { nameSchema } from './settings.ts';

export const projectNameSchema = nameSchema('Name of a project');

export interface Project {
  readonly name: string;
  /** What people call it: its name, unless it was renamed. */
  readonly title: string;
  /** Number of images by what they are for. */
  readonly images: {
    /** Normal ones to train on. */
    readonly training: number;
    /** Normal ones to test with. */
    readonly normal: number;
    readonly defects: number;
    readonly unlabelled: number;
  };
  readonly ignored: IgnoredAreas | null;
  readonly createdAt: string;
}

/** Projects: images with labels, and what of them to ignore. */
export class ProjectService {
  readonly #database: Database;
  readonly #projects: ProjectRepository;
  readonly #images: ImageRepository;
  readonly #jobs: JobRepository;
  readonly #jobFolders: JobFolders;
  readonly #audit: AuditLog;

  constructor(database: Database, jobFolders: JobFolders) {
    this.#database = database;
    this.#projects = new ProjectRepository(database);
    this.#images = new ImageRepository(database);
    this.#jobs = new JobRepository(database);
    this.#jobFolders = jobFolders;
    this.#audit = new AuditLog(database);
  }

  list(): Project[] {
    const counts = this.#images.counts();
    return this.#projects.list().map((row) => describe(row, counts));
  }

  /** @throws NOT_FOUND */
  get(name: string): Project {
    return describe(this.find(name), this.#images.counts());
  }

  has(name: string): boolean {
    return this.#projects.find(name) !== undefined;
  }

  /** @throws NOT_FOUND */
  find(name: string): ProjectRow {
    return (
      this.#projects.find(name) ??
      fail('NOT_FOUND', `Expected a project but received ${name}, which does not exist`)
    );
  }

  /** @param title its name if left out. @throws STATE_CONFLICT if the name is taken */
  async create(name: string, title?: string): Promise<Project> {
    await this.#database.write(() => {
      this.#assertFree(name);
      this.#projects.add(name, title ?? null, new Date().toISOString());
      this.#audit.record('project.create', name);
    });
    return this.get(name);
  }

  /** Gives a project another title. Its name stays: its model, streams and programs refer to it. @throws NOT_FOUND */
  async rename(name: string, title: string): Promise<Project> {
    await this.#database.write(() => {
      this.#projects.setTitle(this.find(name).id, title);
      this.#audit.record('project.rename', name, { title });
    });
    return this.get(name);
  }

  /** @param areas null: nothing is ignored. @throws NOT_FOUND; REQUEST_INVALID if nothing or everything is */
  async setIgnored(name: string, areas: IgnoredAreas | null): Promise<Project> {
    if (areas) maskOf(areas);
    await this.#database.write(() => {
      this.#projects.setIgnored(this.find(name).id, areas && JSON.stringify(areas));
      this.#audit.record('project.change', name, { ignored: areas?.polygons.length ?? 0 });
    });
    return this.get(name);
  }

  /** Removes a project with its images and jobs. @throws NOT_FOUND; STATE_CONFLICT if one of its jobs has not ended */
  async remove(name: string): Promise<void> {
    const jobs = await this.#database.write(() => {
      const { id } = this.find(name);
      if (this.#jobs.isActive(id)) {
        fail('STATE_CONFLICT', `Expected a project without jobs to do but received ${name}`, {
          remedy: 'Cancel its jobs first.',
        });
      }
      const removed = this.#jobs.ofProject(id);
      this.#projects.remove(id);
      this.#audit.record('project.delete', name);
      return removed;
    });
    await Promise.all(jobs.map((job) => this.#jobFolders.remove(job)));
  }

  #assertFree(name: string): void {
    if (!this.has(name)) return;
    fail(
      'STATE_CONFLICT',
      `Expected the name of a new project but received ${name}, which exists`,
      {
        remedy: 'Choose another name.',
      },
    );
  }
}

function describe(
  { id, name, title, ignored, created_at }: ProjectRow,
  all: ImageCount[],
): Project {
  const own = all.filter(({ project }) => project === id);
  const count = (isCounted: (one: ImageCount) => boolean) =>
    own.filter(isCounted).reduce((sum, one) => sum + one.count, 0);
  return {
    name,
    title: title ?? name,
    images: {
      training: count(({ label, split }) => label === 'normal' && split === 'train'),
      normal: count(({ label, split }) => label === 'normal' && split === 'test'),
      defects: count(({ label }) => label === 'defect'),
      unlabelled: count(({ label }) => label === null),
    },
    ignored: ignored === null ? null : ignoredAreasSchema.parse(JSON.parse(ignored)),
    createdAt: created_at,
  };
}
