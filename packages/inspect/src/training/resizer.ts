import { type Engine, type Session, type Tensor, toModel, type Value } from '@bigrid/graph';
import { type MethodOptions, resizer } from '@bigrid/method';
import { imageTensor } from '../detection/detector.ts';
import type { Image } from '../ports.ts';

/** Resizes images to the model's input, by the model's own resize. */
export class Resizer {
  /** Size of the resized images. */
  readonly size: Pick<Image, 'width' | 'height'>;
  readonly #session: Session;

  private constructor(session: Session, size: Resizer['size']) {
    this.#session = session;
    this.size = size;
  }

  /** @throws ENGINE_FAILED */
  static async open(engine: Engine, method: MethodOptions): Promise<Resizer> {
    const graph = resizer(method);
    const { shape } = graph.outputs.get('resized') as Value;
    const [, height, width] = shape as [number, number, number];
    return new Resizer(await engine.load(toModel(graph)), { width, height });
  }

  /** @throws ENGINE_FAILED */
  async resize(image: Image): Promise<Image> {
    const { resized } = await this.#session.run({ image: imageTensor(image) });
    return { ...this.size, data: (resized as Tensor<'uint8'>).data };
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}
