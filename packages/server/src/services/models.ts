import type { Readable } from 'node:stream';
import { fail } from '@bigrid/errors';
import { describePromise } from '@bigrid/node';
import { underRules } from '@bigrid/node/internal';
import type { Database } from '../database/database.ts';
import type { FileRepository, ReceivedFile } from '../repositories/files.ts';
import { ManifestRepository } from '../repositories/manifests.ts';
import { ModelRepository, type ModelRow, type ModelVersionRow } from '../repositories/models.ts';
import { verifyModel } from '../workers/detector-process.ts';
import type { Detector, Detectors } from '../workers/detectors.ts';
import type { DetectorFiles } from '../workers/messages.ts';
import { AuditLog } from './audit.ts';
import type {
  DetailedVersion,
  Inspected,
  InspectionRequest,
  ModelUpload,
  ModelVersion,
} from './model-version.ts';
import { type Rules, rulesThatGive, type Settings, settingsSchema } from './settings.ts';

/** A model that inspects. */
export interface LoadedModel {
  readonly version: ModelVersion;
  readonly detector: Detector;
}

/** Most bytes of a model file. */
const MOST_BYTES = 2 ** 31;

/** Models, their versions, and the processes that run them. */
export class ModelService {
  readonly #database: Database;
  readonly #files: FileRepository;
  readonly #models: ModelRepository;
  readonly #manifests: ManifestRepository;
  readonly #audit: AuditLog;
  readonly #detectors: Detectors;

  /** @param createDetectors is given the models that are to stay loaded */
  constructor(
    database: Database,
    files: FileRepository,
    createDetectors: (needed: () => readonly DetectorFiles[]) => Detectors,
  ) {
    this.#database = database;
    this.#files = files;
    this.#models = new ModelRepository(database);
    this.#manifests = new ManifestRepository(files);
    this.#audit = new AuditLog(database);
    this.#detectors = createDetectors(() =>
      this.list()
        .filter(({ isActive }) => isActive)
        .map((version) => this.#filesOf(version)),
    );
  }

  list(): ModelVersion[] {
    return this.#models.list().flatMap((model) => this.#versionsOf(model));
  }

  /** @throws NOT_FOUND */
  versions(name: string): ModelVersion[] {
    return this.#versionsOf(this.#find(name));
  }

  /**
   * @param version the active one if left out
   * @throws NOT_FOUND
   */
  version(name: string, version?: number): ModelVersion {
    const { active } = this.#find(name);
    const asked = version ?? active;
    const row = asked === null ? undefined : this.#models.findVersion(name, asked);
    if (!row) {
      const expected = version === undefined ? 'an active version' : `version ${version}`;
      return fail('NOT_FOUND', `Expected ${expected} of model ${name} but received none`);
    }
    return this.#describe(row, active);
  }

  /** A version with what judges now. @throws NOT_FOUND */
  async detailed(name: string, version: number): Promise<DetailedVersion> {
    const found = this.version(name, version);
    const inFile = await this.#manifests.read(found.file);
    const manifest = underRules(inFile, found.settings);
    const promise = describePromise(manifest.calibration);
    return { ...found, manifest, asTrained: rulesThatGive(inFile.calibration), promise };
  }

  /** The model file of a version. */
  content({ file }: ModelVersion): Readable {
    return this.#files.read(file);
  }

  /**
   * Adds a version: the file is loaded and stored; then the version appears.
   * @throws BUNDLE_INVALID, BUNDLE_TOO_NEW, REQUEST_TOO_LARGE, OUTPUT_UNWRITABLE, STORE_BUSY
   */
  async add(upload: ModelUpload): Promise<ModelVersion> {
    return this.#addFile(upload, await this.#files.receive(upload.content, MOST_BYTES));
  }

  /** As {@link add}, unless a version of the model has the same file. */
  async addOnce(upload: ModelUpload): Promise<void> {
    const received = await this.#files.receive(upload.content, MOST_BYTES);
    const known = this.#models.versions(upload.model).some(({ file }) => file === received.hash);
    if (known) await this.#files.discard(received);
    else await this.#addFile(upload, received);
  }

  async #addFile(upload: ModelUpload, received: ReceivedFile): Promise<ModelVersion> {
    const { model, note, activate, alongside } = upload;
    const { hash: file, bytes } = received;
    try {
      // Before it is stored: under its hash it may be what something else refers to, an image of a project, say.
      await verifyModel({ model: received.path });
    } catch (error) {
      await this.#files.discard(received);
      throw error;
    }
    await this.#files.store(received);
    await this.#detectors.open({ model: this.#files.pathOf(file) });
    const created_at = new Date().toISOString();
    const version = await this.#database.write(() => {
      const added = this.#models.add({ model, file, bytes, note, settings: '{}', created_at });
      const isActive = activate || this.#find(model).active === null;
      if (isActive) this.#models.activate(model, added);
      this.#audit.record('version.add', `${model}/${added}`, { file, note, isActive });
      alongside?.(added);
      return added;
    });
    return this.version(model, version);
  }

  /** Makes requests without a version get this one; it is loaded first. @throws NOT_FOUND, BUNDLE_INVALID */
  async activate(name: string, version: number): Promise<ModelVersion> {
    await this.load(name, version);
    await this.#database.write(() => {
      this.#models.activate(name, version);
      this.#audit.record('version.activate', `${name}/${version}`);
    });
    return this.version(name, version);
  }

  /** @throws NOT_FOUND */
  async setNote(name: string, version: number, note: string): Promise<ModelVersion> {
    await this.#database.write(() => {
      this.version(name, version);
      this.#models.setNote(name, version, note);
      this.#audit.record('version.change', `${name}/${version}`, { note });
    });
    return this.version(name, version);
  }

  /**
   * Changes how a version judges, from the next inspection on; its mask stays.
   * @param rules replace the earlier ones
   * @throws NOT_FOUND; OPTION_INVALID, THRESHOLD_UNSUPPORTED if the model has too few scores for the rule
   */
  async setRules(name: string, version: number, rules: Rules): Promise<ModelVersion> {
    const { mask } = this.version(name, version).settings;
    return this.#setSettings(name, version, { ...rules, ...(mask && { mask }) });
  }

  /**
   * Sets the area to ignore, from the next inspection on.
   * @param content an image, white where to ignore; none for no mask but that of the model file
   * @throws NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE; OPTION_INVALID if it leaves nothing
   */
  async setMask(name: string, version: number, content?: Readable): Promise<ModelVersion> {
    const { mask: _, ...rules } = this.version(name, version).settings;
    if (!content) return this.#setSettings(name, version, rules);
    const received = await this.#files.receive(content, MOST_BYTES);
    await this.#files.store(received);
    return this.#setSettings(name, version, { ...rules, mask: received.hash });
  }

  async #setSettings(name: string, version: number, settings: Settings): Promise<ModelVersion> {
    const before = this.version(name, version);
    const { manifest } = await this.#detectors.open(this.#filesOf({ ...before, settings }));
    underRules(manifest, settings);
    const text = JSON.stringify(settings);
    await this.#database.write(() => {
      this.#models.setSettings(name, version, text);
      this.#audit.record('version.change', `${name}/${version}`, { settings });
    });
    return this.version(name, version);
  }

  /** @throws NOT_FOUND; STATE_CONFLICT if it is active and not the only one */
  async removeVersion(name: string, version: number): Promise<void> {
    const { isActive } = this.version(name, version);
    if (isActive) {
      fail(
        'STATE_CONFLICT',
        `Expected a version that is not active but received ${version} of ${name}`,
        {
          remedy: 'Activate another version first, or delete the model.',
        },
      );
    }
    await this.#database.write(() => {
      this.#models.removeVersion(name, version);
      this.#audit.record('version.delete', `${name}/${version}`);
    });
  }

  /** Removes a model with all of its versions. @throws NOT_FOUND */
  async remove(name: string): Promise<void> {
    this.#find(name);
    await this.#database.write(() => {
      this.#models.remove(name);
      this.#audit.record('model.delete', name);
    });
  }

  /**
   * A version that is ready to inspect; it is loaded if necessary.
   * @param version the active one if left out
   * @throws NOT_FOUND, BUNDLE_INVALID, WORKER_LOST
   */
  async load(name: string, version?: number): Promise<LoadedModel> {
    const found = this.version(name, version);
    return { version: found, detector: await this.#detectors.open(this.#filesOf(found)) };
  }

  /**
   * Inspects one image by the settings of the version.
   * @param judging takes precedence over them, for this image only
   * @param signal aborted when nobody waits for the result any more
   * @throws NOT_FOUND; what {@link Detector.inspect} throws
   */
  async inspect(
    { model, version: asked, judging, ...task }: InspectionRequest,
    signal?: AbortSignal,
  ): Promise<Inspected> {
    for (;;) {
      const { version, detector } = await this.load(model, asked);
      // Another version may have been activated meanwhile.
      if (detector.isDisposed) continue;
      const { mask: _, ...settings } = version.settings;
      const all = { ...task, judging: { ...settings, ...judging } };
      return { version, result: await detector.inspect(all, signal) };
    }
  }

  /** Loads the active version of every model. @returns those that failed, with the reason */
  async loadActive(): Promise<{ readonly model: string; readonly error: unknown }[]> {
    const names = this.#models.list().filter(({ active }) => active !== null);
    const outcomes = await Promise.allSettled(names.map(({ name }) => this.load(name)));
    return outcomes.flatMap((outcome, at) =>
      outcome.status === 'rejected'
        ? [{ model: names[at]?.name as string, error: outcome.reason as unknown }]
        : [],
    );
  }

  /** Hashes of the files that any version has: its model file and its mask. */
  files(): Set<string> {
    return this.#models.files();
  }

  /** Inspections that wait for a process, over all models. */
  get waiting(): number {
    return this.#detectors.waiting;
  }

  /** Whether the active version of every model is loaded. */
  get isReady(): boolean {
    return this.list().every(({ isActive, isLoaded }) => isLoaded || !isActive);
  }

  /** Ends all processes. */
  dispose(): Promise<void> {
    return this.#detectors.dispose();
  }

  #versionsOf({ name, active }: ModelRow): ModelVersion[] {
    return this.#models.versions(name).map((row) => this.#describe(row, active));
  }

  #find(name: string) {
    return (
      this.#models.find(name) ??
      fail('NOT_FOUND', `Expected a model but received ${name}, which does not exist`)
    );
  }

  #describe(row: ModelVersionRow, active: number | null): ModelVersion {
    const { model, version, file, bytes, note, created_at: createdAt } = row;
    const settings = settingsSchema.parse(JSON.parse(row.settings));
    const isActive = version === active;
    const isLoaded = this.#detectors.isOpen(this.#filesOf({ file, settings }));
    return { model, version, isActive, isLoaded, file, bytes, note, settings, createdAt };
  }

  #filesOf({ file, settings: { mask } }: Pick<ModelVersion, 'file' | 'settings'>): DetectorFiles {
    return { model: this.#files.pathOf(file), mask: mask && this.#files.pathOf(mask) };
  }
}
