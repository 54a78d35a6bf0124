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

  /** @throws BUNDLE_INVALID, ENGINE_FAILED */
  static async load(engine: Engine, bundle: Pick<Bundle, 'bytes'>): Promise<Detector> {
    return new Detector(await engine.load(bundle.bytes));
  }

  async inspect(picture: Picture): Promise<Inspection> {
    const outputs = await this.#session.run({ image: imageTensor(picture) });
    const map = outputs.anomaly_map as Tensor<'float32'>;
    const [, height, width] = map.shape as [number, number, number];
    return {
      score: (outputs.score as Tensor<'float32'>).data[0] as number,
      map: { width, height, data: map.data },
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
