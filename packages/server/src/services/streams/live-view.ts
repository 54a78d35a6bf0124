import { EventEmitter, once } from 'node:events';
import { fail } from '@bigrid/errors';
import type { AnomalyMap } from '@bigrid/node';
import type { ImageDecoder } from '../../workers/image-decoder.ts';
import type { InspectionResult } from '../../workers/messages.ts';
import type { Inspected } from '../model-version.ts';
import type { ModelService } from '../models.ts';

export interface LiveViewParts {
  readonly models: Pick<ModelService, 'inspect'>;
  readonly decoder: ImageDecoder;
}

/** An image that a stream has inspected. */
export interface SeenImage {
  readonly at: string;
  readonly name: string;
  /** The image file. */
  readonly image: Uint8Array;
  readonly inspected: Inspected;
  /** Images per second at the moment. */
  readonly perSecond: number;
  /** Images dropped so far. */
  readonly dropped: number;
}

/** The latest image, with what was made of it for those who looked. */
interface Latest extends SeenImage {
  readonly id: number;
  preview?: Promise<Uint8Array> | undefined;
  map?: Promise<AnomalyMap> | undefined;
}

/** What is made of the latest image, with a tag that names it. */
export interface LiveContent<Content> {
  readonly tag: string;
  make(): Promise<Content>;
}

/** An image that a stream has inspected, as those who look are told. */
export interface StreamInspection
  extends Pick<
    InspectionResult,
    'width' | 'height' | 'score' | 'threshold' | 'verdict' | 'regions' | 'milliseconds'
  > {
  /** Of the event; the tags of the image and the map begin with it. */
  readonly id: number;
  readonly at: string;
  /** Its name. */
  readonly image: string;
  readonly perSecond: number;
  readonly dropped: number;
}

/** Longest side of the image that is shown, in pixels. */
const SIDE = 1280;
/** Milliseconds after somebody looked at a map for which inspections give theirs. */
const LOOKING = 10_000;

/**
 * What a stream inspects right now, for those who look. Only the latest image is kept, so whoever is slower than the stream
 * skips some, and an image and a map to show are made only if somebody asks.
 */
export class LiveView {
  readonly #parts: LiveViewParts;
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  #latest: Latest | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isOver = false;

  constructor(parts: LiveViewParts) {
    this.#parts = parts;
  }

  /** Whether somebody looks at maps: then each inspection gives its own, which takes less than to inspect again. */
  get wantsMap(): boolean {
    return performance.now() - this.#lookedAt < LOOKING;
  }

  show(seen: SeenImage): void {
    const { map } = seen.inspected.result;
    const id = (this.#latest?.id ?? 0) + 1;
    this.#latest = { ...seen, id, map: map && Promise.resolve(map) };
    this.#emitter.emit('change');
  }

  /** Ends it, with the stream. */
  end(): void {
    this.#isOver = true;
    this.#emitter.emit('change');
  }

  /** Whether the stream was deleted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The latest image as an event, unless it is known. @param id of the last one that is known; 0 for none */
  after(id: number): { id: number; type: string; data: StreamInspection }[] {
    const latest = this.#latest;
    if (!latest || latest.id <= id) return [];
    const { at, name: image, perSecond, dropped } = latest;
    const { width, height, score, threshold, verdict, regions, milliseconds } =
      latest.inspected.result;
    const judged = { width, height, score, threshold, verdict, regions, milliseconds };
    const data = { id: latest.id, at, image, ...judged, perSecond, dropped };
    return [{ id: latest.id, type: 'inspection', data }];
  }

  /** Resolves when there is another image. Rejects when the signal is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    await once(this.#emitter, 'change', { signal });
  }

  /** The latest image, WebP, at most 1280 pixels a side. @throws NOT_FOUND if there is none yet */
  image(): LiveContent<Uint8Array> {
    const latest = this.#find();
    const make = () => {
      const { image, name } = latest;
      latest.preview ??= this.#parts.decoder
        .decode({ image, name, side: SIDE })
        .then(({ preview }) => preview);
      return latest.preview;
    };
    return { tag: tagOf(latest), make };
  }

  /** The anomaly map of the latest image. @throws NOT_FOUND if there is none yet */
  map(): LiveContent<AnomalyMap> {
    const latest = this.#find();
    this.#lookedAt = performance.now();
    const make = () => {
      latest.map ??= this.#inspectAgain(latest);
      return latest.map;
    };
    return { tag: tagOf(latest), make };
  }

  #find(): Latest {
    return (
      this.#latest ??
      fail('NOT_FOUND', 'Expected an image that the stream inspected but it has inspected none yet')
    );
  }

  async #inspectAgain(latest: Latest): Promise<AnomalyMap> {
    const { image, name, inspected } = latest;
    const { model, version } = inspected.version;
    const request = { model, version, image, name, judging: {}, map: true };
    try {
      return (await this.#parts.models.inspect(request)).result.map as AnomalyMap;
    } catch (error) {
      // The server may have been busy: whoever looks next tries again.
      latest.map = undefined;
      throw error;
    }
  }
}

/** Also differs from those of an earlier process. */
function tagOf({ id, at }: Latest): string {
  return `${id}-${Date.parse(at)}`;
}
