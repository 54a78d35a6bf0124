import { setTimeout } from 'node:timers/promises';
import { type ErrorCode, isBigridError } from '@bigrid/errors';
import { reasonOf } from '@bigrid/node/internal';
import type { Inspected, ModelService } from '../models.ts';
import type { StreamDefinition } from './definitions.ts';
import { Outlet, type OutletContext, type OutletReport } from './outlet.ts';
import { Pauses } from './pauses.ts';
import type { StreamResult } from './sinks/sink.ts';
import { type Frame, framesOf, type SourceContext } from './sources.ts';
import { type StreamReport, StreamState } from './stream-state.ts';

export interface RunContext
  extends Pick<SourceContext, 'allowed' | 'inspected'>,
    Pick<OutletContext, 'files' | 'id'> {
  readonly models: Pick<ModelService, 'inspect'>;
  readonly onInspected: (model: string, verdict: string) => void;
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
 * A stream at work: inspects the images of its source one after the other, and offers each result to its sinks. While the
 * model is busy, a camera drops frames and a folder waits.
 */
export class StreamRun {
  readonly #definition: StreamDefinition;
  readonly #context: RunContext;
  readonly #state = new StreamState();
  readonly #outlets: readonly Outlet[];
  readonly #stopped = new AbortController();
  readonly #pauses = new Pauses();
  readonly #done: Promise<void>;

  constructor(definition: StreamDefinition, context: RunContext) {
    this.#definition = definition;
    this.#context = context;
    const { files, id } = context;
    this.#outlets = definition.sinks.map(
      (sink, index) => new Outlet(sink, { files, id, stream: definition.name, index }),
    );
    this.#done = this.#run();
  }

  report(): StreamReport {
    return this.#state.report();
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
    const { allowed, inspected, onEnd } = this.#context;
    const { source, name: stream } = this.#definition;
    const { signal } = this.#stopped;
    const context = { stream, allowed, inspected, state: this.#state, signal };
    try {
      await Promise.all(this.#outlets.map((outlet) => outlet.open()));
      for await (const frame of framesOf(source, context)) {
        await this.#take(frame);
        if (signal.aborted) break;
      }
      if (!signal.aborted) this.#state.end('finished');
    } catch (error) {
      this.#state.end('failed', reasonOf(error));
    }
    if (!signal.aborted) await onEnd().catch(() => {});
    // A source that goes on by itself ends now.
    this.#stopped.abort();
    await Promise.all(this.#outlets.map((outlet) => outlet.close()));
  }

  /** Inspects a frame, and offers the result to all sinks. */
  async #take(frame: Frame): Promise<void> {
    const { name: stream, model } = this.#definition;
    const image = await frame.read().catch((error: unknown) => error);
    const outcome = image instanceof Uint8Array ? await this.#inspect(frame, image) : image;
    if (outcome === undefined) return;
    const isInspected = isResult(outcome);
    if (!(await frame.isFinal(isInspected))) return;
    const named = { at: new Date().toISOString(), stream, image: frame.name, model };
    const { result, heatMap } = toResult(named, outcome);
    if ('error' in result) this.#state.countFailed();
    else {
      this.#state.countInspected(result.verdict);
      this.#context.onInspected(model, result.verdict);
    }
    const delivery = { result, image: image as Uint8Array, heatMap };
    await Promise.all(this.#outlets.map((outlet) => outlet.offer(delivery)));
    await frame.done();
  }

  /** @returns the error of an image that cannot be inspected; undefined if it was dropped, or the stream stopped */
  async #inspect(frame: Frame, image: Uint8Array): Promise<unknown> {
    const { model, version } = this.#definition;
    const { signal } = this.#stopped;
    const heatMap = this.#outlets.some(({ wantsHeatMap }) => wantsHeatMap);
    const request = { model, version, image, name: frame.name, judging: {}, heatMap };
    while (!signal.aborted) {
      try {
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
    const { map: _, heatMap, ...result } = outcome.result;
    return { result: { ...named, version: outcome.version.version, ...result }, heatMap };
  }
  const code = isBigridError(outcome) ? outcome.code : 'PATH_UNREADABLE';
  return { result: { ...named, error: { code, message: reasonOf(outcome) } } };
}
