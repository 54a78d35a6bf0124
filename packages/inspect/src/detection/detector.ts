import { fail, isBigridError } from '@bigrid/errors';
import { type Engine, type Session, type Tensor, tensor } from '@bigrid/graph';
import type { Bundle } from '../bundle/bundle.ts';
import type { Image, Mask } from '../ports.ts';
import { ignoredBy, ignoring } from './ignored-area.ts';

/** One score per pixel, at the map's own resolution. */
export interface AnomalyMap {
  readonly width: number;
  readonly height: number;
  /** height * width values, row by row, at least 0. */
  readonly data: Float32Array;
}

/** The model's output for one image. Both are raw: comparable between images of one bundle, not between bundles. */
export interface Inspection {
  readonly image: Image;
  readonly score: number;
  readonly map: AnomalyMap;
  /** The ignored part of the image, white there, of any size; undefined if nothing was ignored. */
  readonly ignored?: Mask | undefined;
}

/** A bundle that is ready to inspect. */
export class Detector {
  readonly #engine: Engine;
  readonly #bundle: Pick<Bundle, 'bytes'>;
  readonly #ignored: Mask | undefined;
  /** One for the unchanged bundle, under undefined, and one per mask: at most as many as classes. */
  readonly #sessions = new Map<Mask | undefined, Promise<Session>>();

  private constructor(engine: Engine, bundle: Pick<Bundle, 'bytes'>) {
    this.#engine = engine;
    this.#bundle = bundle;
    this.#ignored = ignoredBy(bundle);
  }

  /** @throws BUNDLE_INVALID if the engine rejects the model */
  static async load(engine: Engine, bundle: Pick<Bundle, 'bytes'>): Promise<Detector> {
    const detector = new Detector(engine, bundle);
    await detector.#sessionFor(undefined);
    return detector;
  }

  /** How many images the engine processes at a time. */
  get runsAtOnce(): number | undefined {
    return this.#engine.runsAtOnce;
  }

  #sessionFor(ignored: Mask | undefined): Promise<Session> {
    const known = this.#sessions.get(ignored);
    if (known) return known;
    const session = this.#open(ignored);
    this.#sessions.set(ignored, session);
    return session;
  }

  async #open(ignored: Mask | undefined): Promise<Session> {
    const { bytes } = ignoring(this.#bundle, ignored);
    try {
      return await this.#engine.load(bytes);
    } catch (cause) {
      if (!isBigridError(cause, 'ENGINE_FAILED')) throw cause;
      // Graphs that we emit load; one that does not is damaged.
      return fail('BUNDLE_INVALID', `Expected a model that loads but received: ${cause.message}`, {
        cause,
      });
    }
  }

  /**
   * @param ignored replaces what the bundle ignores
   * @throws BUNDLE_INVALID if the model is not one of ours, OPTION_INVALID if the mask leaves nothing, ENGINE_FAILED
   */
  async inspect(image: Image, ignored?: Mask): Promise<Inspection> {
    const session = await this.#sessionFor(ignored);
    const outputs = await session.run({ image: imageTensor(image) });
    const { anomaly_map: map, score } = outputs;
    if (map?.type !== 'float32' || map.shape.length !== 3 || score?.type !== 'float32') {
      const received = Object.keys(outputs).join(', ');
      return fail(
        'BUNDLE_INVALID',
        `Expected outputs anomaly_map and score from the model but received ${received}`,
      );
    }
    const [, height, width] = map.shape as [number, number, number];
    return {
      image,
      score: (score as Tensor<'float32'>).data[0] as number,
      map: { width, height, data: (map as Tensor<'float32'>).data },
      ignored: ignored ?? this.#ignored,
    };
  }

  async dispose(): Promise<void> {
    for (const session of await Promise.allSettled(this.#sessions.values())) {
      if (session.status === 'fulfilled') await session.value.dispose();
    }
  }
}

/** An image as input of the graphs: uint8 [1, height, width, 3]. */
export function imageTensor(image: Image): Tensor<'uint8'> {
  return tensor('uint8', [1, image.height, image.width, 3], image.data);
}
