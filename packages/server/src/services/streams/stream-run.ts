import { setTimeout } from 'node:timers/promises';
import { type ErrorCode, isBigridError } from '@bigrid/errors';
import { reasonOf } from '@bigrid/node/internal';
import type { Inspected } from '../model-version.ts';
import type { ModelService } from '../models.ts';
import type { StreamDefinition } from './definitions.ts';
import { DriftWatch } from './drift-watch.ts';
import type { SeenImage } from './live-view.ts';
import { Outlet, type OutletContext, type OutletReport } from './outlet.ts';
import { Pauses } from './pauses.ts';
import type { StreamResult } from './sinks/sink.ts';
import { type Frame, framesOf, type SourceContext } from './sources.ts';
import { type StreamReport, StreamState } from './stream-state.ts';

export interface RunContext
  extends Pick<SourceContext, 'allowed' | 'inspected'>,
    Pick<OutletContext, 'files' | 'id' | 'images' | 'onTrouble'> {
  readonly models: Pick<ModelService, 'inspect' | 'detailed'>;
  readonly onInspected: (seen: SeenImage) => void;
  /** Whether inspections are to give their anomaly maps. */
  readonly wantsMap: () => boolean;
  /** Images of a stream that are inspected at once. */
  readonly atOnce: number;
  /** Called when the source is at its end, or failed for good. */
  readonly onEnd: () => Promise<void>;
}

/** Milliseconds. */
const WHILE_BUSY = 500;
/** Errors of a model rather than of an image. */
const ofModels: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NOT_FOUND',
  'BUNDLE_INVALID',
  'BUNDLE_TOO_NEW',
  'OPTION_INVALID',
  'THRESHOLD_UNSUPPORTED',
]);

/**
 * A stream at work: inspects the images of its source, a few at once, and offers the results to its sinks in the order of the
 * images. While the model is busy, a camera drops frames and a folder waits.
 */
export class StreamRun {
  readonly #definition: StreamDefinition;
  readonly #context: RunContext;
  readonly #state = new StreamState();
  readonly #outlets: readonly Outlet[];
  readonly #drift: DriftWatch;
  readonly #stopped = new AbortController();
  readonly #pauses = new Pauses();
  readonly #done: Promise<void>;

  constructor(definition: StreamDefinition, context: RunContext) {
    this.#definition = definition;
    this.#context = context;
    const { files, images, id, models, onTrouble } = context;
    this.#drift = new DriftWatch(models);
    this.#outlets = definition.sinks.map(
      (sink) => new Outlet(sink, { files, images, id, stream: definition.name, onTrouble }),
    );
    this.#done = this.#run();
  }

  report(): StreamReport {
    return { ...this.#state.report(), drift: this.#drift.state };
  }

  /** In the order of the sinks. */
  outletReports(): Promise<OutletReport[]> {
    return Promise.all(this.#outlets.map((outlet) => outlet.report()));
  }

  /** Gives up the current image, and closes source and sinks. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    await Promise.all(this.#outlets.map((outlet) => outlet.open()));
    await this.#runSource();
    if (!signal.aborted) await this.#context.onEnd().catch(() => {});
    await Promise.all(this.#outlets.map((outlet) => outlet.close()));
  }

  /** Takes the images of the source until it is at its end, which only videos have, or the stream is stopped. */
  async #runSource(): Promise<void> {
    const { signal } = this.#stopped;
    const pauses = new Pauses();
    while (!signal.aborted) {
      try {
        await this.#takeAll();
        if (!signal.aborted) this.#state.end('finished');
        return;
      } catch (error) {
        if (this.#definition.source.type === 'video') {
          return this.#state.end('failed', reasonOf(error));
        }
        this.#state.waitFor('source', reasonOf(error));
        await pauses.wait(signal);
      }
    }
  }

  async #takeAll(): Promise<void> {
    const { allowed, inspected, atOnce } = this.#context;
    const { source, name: stream } = this.#definition;
    const over = new AbortController();
    const signal = AbortSignal.any([this.#stopped.signal, over.signal]);
    const taken: Promise<void>[] = [];
    try {
      const context = { stream, allowed, inspected, state: this.#state, signal };
      for await (const frame of framesOf(source, context)) {
        const take = this.#take(frame, taken.at(-1));
        // Thrown below; nothing may wait for it until then.
        take.catch(() => {});
        taken.push(take);
        if (taken.length >= atOnce) await taken.shift();
        if (signal.aborted) break;
      }
    } finally {
      // A camera goes on by itself.
      over.abort();
      await Promise.all(taken);
    }
  }

  /** Inspects a frame, and offers the result to all sinks once they have those before it. */
  async #take(frame: Frame, before: Promise<void> | undefined): Promise<void> {
    const { name: stream, model } = this.#definition;
    const image = await frame.read().catch((error: unknown) => error);
    const outcome = image instanceof Uint8Array ? await this.#inspect(frame, image) : image;
    await before;
    if (outcome === undefined) return;
    if (!(await frame.isFinal(isResult(outcome)))) return;
    const at = new Date().toISOString();
    const named = { at, stream, image: frame.name, model };
    const { result, heatMap } = toResult(named, outcome);
    if (isResult(outcome)) {
      this.#state.countInspected(outcome.result.verdict);
      const { framesPerSecond: perSecond, dropped } = this.#state.report();
      const seen = { at, name: frame.name, image: image as Uint8Array, inspected: outcome };
      this.#context.onInspected({ ...seen, perSecond, dropped });
    } else this.#state.countFailed();
    const delivery = { result, image: image as Uint8Array, heatMap };
    await Promise.all(this.#outlets.map((outlet) => outlet.offer(delivery)));
    if (isResult(outcome)) await this.#watchDrift(at, outcome);
    // At worst, it is inspected again after a restart.
    await frame.done().catch(() => {});
  }

  /** Alerts the sinks when drift begins, and when it is over. */
  async #watchDrift(at: string, inspected: Inspected): Promise<void> {
    const change = await this.#drift.add(at, inspected);
    if (!change) return;
    const { model, version } = inspected.version;
    const alert = { type: 'drift', at, stream: this.#definition.name, model, version } as const;
    await Promise.all(this.#outlets.map((outlet) => outlet.alert({ ...alert, ...change })));
  }

  /** @returns the error of an image that cannot be inspected; undefined if it was dropped, or the stream stopped */
  async #inspect(frame: Frame, image: Uint8Array): Promise<unknown> {
    const { model, version } = this.#definition;
    const { signal } = this.#stopped;
    const heatMap = this.#outlets.some(({ wantsHeatMap }) => wantsHeatMap);
    while (!signal.aborted) {
      try {
        const map = this.#context.wantsMap();
        const request = { model, version, image, name: frame.name, judging: {}, heatMap, map };
        const inspected = await this.#context.models.inspect(request, signal);
        this.#state.waitFor('model', undefined);
        return inspected;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (isBigridError(error, 'SERVER_BUSY')) {
          await setTimeout(WHILE_BUSY, undefined, { signal }).catch(() => {});
        } else if (isBigridError(error) && ofModels.has(error.code)) {
          this.#state.waitFor('model', error.message);
          await this.#pauses.wait(signal);
        } else return error;
        if (frame.isLive) {
          this.#state.countDropped();
          return undefined;
        }
      }
    }
    return undefined;
  }
}

function isResult(outcome: unknown): outcome is Inspected {
  return typeof outcome === 'object' && outcome !== null && 'result' in outcome;
}

type Named = Pick<StreamResult, 'at' | 'stream' | 'image' | 'model'>;

/** @param outcome an inspection, or the error instead of it */
function toResult(
  named: Named,
  outcome: unknown,
): { result: StreamResult; heatMap?: Uint8Array | undefined } {
  if (isResult(outcome)) {
    const { map: _, statistics: __, heatMap, ...result } = outcome.result;
    return { result: { ...named, version: outcome.version.version, ...result }, heatMap };
  }
  const code = isBigridError(outcome) ? outcome.code : 'PATH_UNREADABLE';
  return { result: { ...named, error: { code, message: reasonOf(outcome) } } };
}
