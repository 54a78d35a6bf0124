import { fail, isBigridError } from '@bigrid/errors';
import { type Engine, type Session, type Tensor, tensor } from '@bigrid/graph';
import type { Bundle } from './bundle.ts';
import type { Picture } from './ports.ts';

/** One score a pixel, at the map's own resolution. */
export interface AnomalyMap {
  readonly width: number;
  readonly height: number;
  /** height * width values, row by row, at least 0. */
  readonly data: Float32Array;
}

/** What the model says of one picture. Both are raw: comparable between pictures of one bundle, not between bundles. */
export interface Inspection {
  readonly score: number;
  readonly map: AnomalyMap;
}

/** A bundle made ready to inspect. */
export class Detector {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** @throws BUNDLE_INVALID when the engine refuses the model */
  static async load(engine: Engine, bundle: Pick<Bundle, 'bytes'>): Promise<Detector> {
    try {
      return new Detector(await engine.load(bundle.bytes));
    } catch (cause) {
      if (!isBigridError(cause, 'ENGINE_FAILED')) throw cause;
      // The graphs that we emit load; one that does not is damaged.
      return fail('BUNDLE_INVALID', `Expected a model that loads but received: ${cause.message}`, {
        cause,
      });
    }
  }

  /** @throws BUNDLE_INVALID when the model is none of ours, ENGINE_FAILED */
  async inspect(picture: Picture): Promise<Inspection> {
    const outputs = await this.#session.run({ image: imageTensor(picture) });
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
      score: (score as Tensor<'float32'>).data[0] as number,
      map: { width, height, data: (map as Tensor<'float32'>).data },
    };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

/** A picture as the graphs take it: uint8 [1, height, width, 3]. */
export function imageTensor(picture: Picture): Tensor<'uint8'> {
  return tensor('uint8', [1, picture.height, picture.width, 3], picture.data);
}
