import { stat } from 'node:fs/promises';
import { fail } from '@bigrid/errors';
import { systemPath, type WatchedImage } from '@bigrid/node/internal';
import type { Database } from '../../database/database.ts';
import type { StreamFiles } from '../../repositories/stream-files.ts';
import { type ImageStamp, StreamRepository, type StreamRow } from '../../repositories/streams.ts';
import type { ImageDecoder } from '../../workers/image-decoder.ts';
import { AuditLog } from '../audit.ts';
import type { ImageService } from '../images.ts';
import type { InspectionLog } from '../inspections.ts';
import type { ModelService } from '../models.ts';
import type { ProjectService } from '../projects.ts';
import type { AllowedFolders } from './allowed-folders.ts';
import {
  type ReceiverDefinition,
  type SinkDefinition,
  type StreamDefinition,
  streamSchema,
  withoutSecrets,
  withSecretsOf,
} from './definitions.ts';
import { LiveView } from './live-view.ts';
import type { OutletReport, SinkTrouble } from './outlet.ts';
import { loadOpcua } from './sinks/opcua-packages.ts';
import { sendTest } from './sinks/test-message.ts';
import { checkSource } from './sources.ts';
import { StreamRun } from './stream-run.ts';
import type { StreamReport } from './stream-state.ts';

/** A stream as clients see it, without secrets. */
export interface Stream extends Omit<StreamDefinition, 'sinks'> {
  readonly sinks: ({ readonly definition: SinkDefinition } & OutletReport)[];
  readonly state: StreamReport;
  /** Where its sinks write, relative to the data folder. */
  readonly folder: string;
  readonly createdAt: string;
}

export interface StreamServiceOptions {
  readonly database: Database;
  readonly files: StreamFiles;
  readonly images: ImageService;
  readonly models: ModelService;
  readonly projects: ProjectService;
  readonly inspections: InspectionLog;
  readonly allowed: AllowedFolders;
  readonly decoder: ImageDecoder;
  /** Images of a stream that are inspected at once. */
  readonly atOnce: number;
  readonly onTrouble: (trouble: SinkTrouble) => void;
}

const notRun: Omit<StreamReport, 'since'> = {
  status: 'stopped',
  framesPerSecond: 0,
  inspected: 0,
  anomalous: 0,
  dropped: 0,
  failed: 0,
};
/** Milliseconds for which a file that is no longer there counts as inspected: its drive may return. */
const REMEMBERED_FOR = 30 * 86_400_000;

/** Streams: sources whose images are inspected as they come, and sinks that get the results. */
export class StreamService {
  readonly #options: StreamServiceOptions;
  readonly #streams: StreamRepository;
  readonly #audit: AuditLog;
  readonly #runs = new Map<number, StreamRun>();
  /** They outlive runs, so that who looks need not look again. */
  readonly #live = new Map<number, LiveView>();
  /** Changes happen one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: StreamServiceOptions) {
    this.#options = options;
    this.#streams = new StreamRepository(options.database);
    this.#audit = new AuditLog(options.database);
  }

  list(): Promise<Stream[]> {
    return Promise.all(this.#streams.list().map((row) => this.#describe(row)));
  }

  /** @throws NOT_FOUND */
  async get(name: string): Promise<Stream> {
    return this.#describe(this.#find(name));
  }

  /** What it inspects right now. @throws NOT_FOUND */
  live(name: string): LiveView {
    return this.#liveOf(this.#find(name).id);
  }

  /**
   * Adds a stream and starts it.
   * @throws STATE_CONFLICT if there is one of this name; NOT_FOUND for its model; what {@link checkSource} throws
   */
  create(definition: StreamDefinition): Promise<Stream> {
    return this.#inTurn(async () => {
      const { name } = definition;
      if (this.#streams.find(name)) {
        fail(
          'STATE_CONFLICT',
          `Expected a new name for a stream but received ${name}, which exists`,
          {
            remedy: 'Choose another name, or delete that stream first.',
          },
        );
      }
      await this.#check(definition);
      const created_at = new Date().toISOString();
      await this.#options.database.write(() => {
        const text = JSON.stringify(definition);
        this.#streams.add({ name, definition: text, is_started: 1, created_at });
        this.#audit.record('stream.create', name, { ...withoutSecrets(definition) });
      });
      const row = this.#find(name);
      this.#run(row);
      return this.#describe(row);
    });
  }

  /**
   * Gives a stream another definition, and starts it again with that. What {@link withoutSecrets} hides need not be given.
   * @throws NOT_FOUND for it or its model; what {@link checkSource} throws; then it goes on as before
   */
  replace(definition: StreamDefinition): Promise<Stream> {
    return this.#inTurn(async () => {
      const { name } = definition;
      const before = this.#find(name);
      const whole = withSecretsOf(definitionOf(before), definition);
      await this.#check(whole);
      await this.#end(before.id);
      await this.#options.database.write(() => {
        this.#streams.setDefinition(before.id, JSON.stringify(whole));
        this.#streams.setStarted(before.id, true);
        this.#audit.record('stream.change', name, { ...withoutSecrets(whole) });
      });
      const row = this.#find(name);
      this.#run(row);
      return this.#describe(row);
    });
  }

  /** Sends a test message to a receiver that a stream has, or is to have. @throws NOT_FOUND, RECEIVER_UNAVAILABLE */
  async test(name: string, receiver: ReceiverDefinition): Promise<void> {
    await sendTest(definitionOf(this.#find(name)), receiver);
  }

  /** Starts a stream unless it runs. @throws NOT_FOUND; what {@link checkSource} throws */
  start(name: string): Promise<Stream> {
    return this.#inTurn(async () => {
      const row = this.#find(name);
      await checkSource(definitionOf(row).source, this.#options.allowed);
      await this.#setStarted(row, true);
      if (!row.is_started || !this.#runs.has(row.id)) this.#run(row);
      return this.#describe(row);
    });
  }

  /** Stops a stream: it is not started again until somebody does. @throws NOT_FOUND */
  stop(name: string): Promise<Stream> {
    return this.#inTurn(async () => {
      const row = this.#find(name);
      await this.#setStarted(row, false);
      await this.#end(row.id);
      return this.#describe(row);
    });
  }

  /** Removes a stream with all that its sinks wrote to the data folder. @throws NOT_FOUND */
  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const { id } = this.#find(name);
      await this.#end(id);
      await this.#options.database.write(() => {
        this.#streams.remove(id);
        this.#audit.record('stream.delete', name);
      });
      this.#live.get(id)?.end();
      this.#live.delete(id);
      await this.#options.files.remove(id);
    });
  }

  /** Starts the streams that ran when the server was stopped. */
  resume(): Promise<void> {
    return this.#inTurn(async () => {
      for (const row of this.#streams.list()) if (row.is_started) this.#run(row);
    });
  }

  /** Ends all streams, until {@link resume}. */
  dispose(): Promise<void> {
    return this.#inTurn(async () => {
      await Promise.all([...this.#runs.keys()].map((id) => this.#end(id)));
    });
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** @throws NOT_FOUND for its model or a project; OPCUA_MISSING; what {@link checkSource} throws */
  async #check({ source, model, version, sinks }: StreamDefinition): Promise<void> {
    this.#options.models.version(model, version);
    for (const sink of sinks) {
      if (sink.type === 'project') this.#options.projects.find(sink.project);
      if (sink.type === 'opcua') await loadOpcua();
    }
    await checkSource(source, this.#options.allowed);
  }

  #setStarted({ id, name }: StreamRow, isStarted: boolean): Promise<void> {
    return this.#options.database.write(() => {
      this.#streams.setStarted(id, isStarted);
      this.#audit.record(isStarted ? 'stream.start' : 'stream.stop', name);
    });
  }

  #find(name: string): StreamRow {
    return (
      this.#streams.find(name) ??
      fail('NOT_FOUND', `Expected a stream but received ${name}, which does not exist`)
    );
  }

  async #describe(row: StreamRow): Promise<Stream> {
    const { sinks, ...shown } = withoutSecrets(definitionOf(row));
    const run = this.#runs.get(row.id);
    const reports = (await run?.outletReports()) ?? [];
    return {
      ...shown,
      sinks: sinks.map((definition, at) => ({
        definition,
        ...(reports[at] ?? { delivered: 0, skipped: 0 }),
      })),
      state: run?.report() ?? { ...notRun, since: row.created_at },
      folder: this.#options.files.nameOf(row.id),
      createdAt: row.created_at,
    };
  }

  #run(row: StreamRow): void {
    const { database, inspections, ...context } = this.#options;
    const { id, name: stream } = row;
    const live = this.#liveOf(id);
    const run = new StreamRun(definitionOf(row), {
      ...context,
      id,
      inspected: {
        has: (image) => this.#streams.hasImage(id, stampOf(image)),
        add: (image) => database.write(() => this.#streams.addImage(id, stampOf(image))),
      },
      onInspected: (seen) => {
        inspections.record({ source: `stream:${stream}`, name: seen.name }, seen.inspected);
        live.show(seen);
      },
      wantsMap: () => live.wantsMap,
      onEnd: () => database.write(() => this.#streams.setStarted(id, false)),
    });
    this.#runs.set(id, run);
    void this.#forgetRemoved(id);
  }

  #liveOf(id: number): LiveView {
    const known = this.#live.get(id);
    if (known) return known;
    const live = new LiveView(this.#options);
    this.#live.set(id, live);
    return live;
  }

  async #end(id: number): Promise<void> {
    await this.#runs.get(id)?.stop();
    this.#runs.delete(id);
  }

  /** Forgets files that were inspected long ago and no longer exist, so that what is remembered does not grow for ever. */
  async #forgetRemoved(id: number): Promise<void> {
    for (const path of this.#streams.imagesBefore(id, Date.now() - REMEMBERED_FOR)) {
      const isMissing = await stat(systemPath(path)).then(
        () => false,
        ({ code }) => code === 'ENOENT',
      );
      if (isMissing) await this.#options.database.write(() => this.#streams.removeImage(id, path));
    }
  }
}

function definitionOf({ definition }: StreamRow): StreamDefinition {
  return streamSchema.parse(JSON.parse(definition));
}

function stampOf({ path, file }: WatchedImage): ImageStamp {
  return { path, ...file };
}
