import type { ImageService, StreamOfImages } from '../../images.ts';
import type { Delivery, Sink, SinkState } from './sink.ts';

/** Adds images to a project, where a person can label them. */
export class ProjectSink implements Sink {
  readonly #images: Pick<ImageService, 'addOfStream'>;
  readonly #stream: StreamOfImages;
  readonly #state: SinkState;

  constructor(images: Pick<ImageService, 'addOfStream'>, stream: StreamOfImages, state: SinkState) {
    this.#images = images;
    this.#stream = stream;
    this.#state = state;
  }

  async take({ result, image }: Delivery): Promise<void> {
    await this.#images.addOfStream(this.#stream, result.image, image);
    this.#state.countDelivered();
  }

  async close(): Promise<void> {}
}
