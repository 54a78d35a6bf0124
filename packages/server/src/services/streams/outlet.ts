import { createHash } from 'node:crypto';
import { reasonOf } from '@bigrid/node/internal';
import type { StreamFiles } from '../../repositories/stream-files.ts';
import type { ImageService } from '../images.ts';
import type { SinkDefinition } from './definitions.ts';
import { FolderSink } from './sinks/folder-sink.ts';
import { LinesSink } from './sinks/lines-sink.ts';
import { MqttSink } from './sinks/mqtt-sink.ts';
import { OpcuaSink } from './sinks/opcua-sink.ts';
import { ProjectSink } from './sinks/project-sink.ts';
import { RateLimit } from './sinks/rate-limit.ts';
import { type Delivery, type DriftAlert, type Sink, SinkState } from './sinks/sink.ts';
import { WebhookSink } from './sinks/webhook-sink.ts';

export interface OutletContext {
  readonly files: StreamFiles;
  readonly images: Pick<ImageService, 'addOfStream'>;
  /** Number of the stream. */
  readonly id: number;
  /** Its name. */
  readonly stream: string;
  /** Called with what is wrong with a sink, but not for each result. */
  readonly onTrouble: (trouble: SinkTrouble) => void;
}

/** What is wrong with a sink of a stream. */
export interface SinkTrouble {
  /** Name of the stream. */
  readonly stream: string;
  readonly sink: SinkDefinition['type'];
  readonly trouble: string;
}

/** What became of the results of a sink since the stream was started. */
export interface OutletReport {
  /** Results written, accepted by the broker or the OPC UA server, or queued for the webhook. */
  readonly delivered: number;
  /** Results above its rate, or lost because of its trouble. */
  readonly skipped: number;
  /** Bytes that the webhook has not sent yet. */
  readonly waitingBytes?: number | undefined;
  readonly trouble?: string | undefined;
}

/** One sink of a running stream. Whatever fails in it is in its report, and never stops the stream. */
export class Outlet {
  readonly definition: SinkDefinition;
  readonly #context: OutletContext;
  readonly #state: SinkState;
  readonly #limit: RateLimit | undefined;
  #sink: Sink | undefined;

  constructor(definition: SinkDefinition, context: OutletContext) {
    this.definition = definition;
    this.#context = context;
    const { stream, onTrouble } = context;
    const sink = definition.type;
    this.#state = new SinkState((trouble) => onTrouble({ stream, sink, trouble }));
    if ('mostPerSecond' in definition) this.#limit = new RateLimit(definition.mostPerSecond);
  }

  get wantsHeatMap(): boolean {
    return this.definition.type === 'folder' && this.definition.content === 'heat-map';
  }

  /** Connects it, and sends what an earlier process left. */
  async open(): Promise<void> {
    await this.#guard(async () => {
      this.#sink = await openSink(this.definition, this.#context, this.#state);
    });
  }

  /** Tells of drift, if it can, whatever its verdicts and its rate. */
  async alert(alert: DriftAlert): Promise<void> {
    await this.#guard(() => this.#sink?.alert?.(alert));
  }

  async offer(delivery: Delivery): Promise<void> {
    if (!this.#isWanted(delivery)) return;
    if (this.#limit && !this.#limit.take()) {
      this.#state.skipped++;
      return;
    }
    if (!this.#sink) await this.open();
    const heatMap = this.wantsHeatMap ? delivery.heatMap : undefined;
    const isTaken = await this.#guard(() => this.#sink?.take({ ...delivery, heatMap }));
    if (!isTaken || !this.#sink) this.#state.skipped++;
  }

  async report(): Promise<OutletReport> {
    const { delivered, skipped, trouble } = this.#state;
    const waitingBytes = await this.#sink?.waiting?.().catch(() => undefined);
    return { delivered, skipped, waitingBytes, trouble };
  }

  async close(): Promise<void> {
    await this.#guard(() => this.#sink?.close());
  }

  #isWanted({ result }: Delivery): boolean {
    const { verdicts, type } = this.definition;
    if ('error' in result) return type !== 'folder' && type !== 'project';
    return verdicts?.includes(result.verdict) ?? true;
  }

  /** @returns whether it succeeded */
  async #guard(work: () => Promise<void> | undefined): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#state.trouble = reasonOf(error);
      return false;
    }
  }
}

async function openSink(
  definition: SinkDefinition,
  { files, images, id, stream }: OutletContext,
  state: SinkState,
): Promise<Sink> {
  switch (definition.type) {
    case 'webhook':
      return WebhookSink.open(files.pathOf(id, queueOf(definition)), definition.url, state);
    case 'mqtt':
      return new MqttSink(definition, stream, state);
    case 'opcua':
      return new OpcuaSink(definition, files.certificates, state);
    case 'lines':
      return new LinesSink({ ...definition, files, folder: files.pathOf(id, 'lines') }, state);
    case 'project':
      return new ProjectSink(images, { ...definition, id }, state);
    case 'folder': {
      const folder = files.pathOf(id, `${definition.content}s`);
      return new FolderSink({ ...definition, files, folder }, state);
    }
  }
}

/** The file of what is not sent yet: it stays with its receiver when the sinks of a stream change. */
function queueOf({ url, verdicts }: SinkDefinition & { type: 'webhook' }): string {
  const hash = createHash('sha256').update(JSON.stringify([url, verdicts]));
  return `webhook-${hash.digest('hex').slice(0, 16)}.jsonl`;
}
