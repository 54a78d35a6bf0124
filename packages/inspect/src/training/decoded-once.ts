import { type Engine, type Session, type Tensor, toModel, type Value } from '@bigrid/graph';
import { type MethodOptions, resizer } from '@bigrid/method';
import { imageTensor } from '../detection/detector.ts';
import type { OpenScratch, Picture, PictureEntry, Scratch } from '../ports.ts';
import type { TakeRoom } from '../work.ts';

/** Most bytes of pictures kept aside, some 5,000 of 256 x 256. Those beyond are decoded each time. */
const MOST_BYTES = 2 ** 30;

type Size = Pick<Picture, 'width' | 'height'>;

/**
 * Spares decoding pictures that are looked at several times: from the second time on, each comes from a scratch, at the
 * size at which the model looks at it. By the model's own resize: it has the features and the score of the picture itself,
 * to the bit. Memory keeps nothing of it.
 */
export class DecodedOnce {
  readonly #session: Session;
  readonly #scratch: Scratch;
  readonly #size: Size;
  #most: number;
  #count = 0;

  private constructor(session: Session, scratch: Scratch, size: Size, most: number) {
    this.#session = session;
    this.#scratch = scratch;
    this.#size = size;
    this.#most = most;
  }

  static async open(
    engine: Engine,
    method: MethodOptions,
    openScratch: OpenScratch,
    mostBytes = MOST_BYTES,
  ): Promise<DecodedOnce> {
    const graph = resizer(method);
    const { shape } = graph.outputs.get('picture') as Value;
    const [, height, width] = shape as [number, number, number];
    const bytes = 3 * height * width;
    const session = await engine.load(toModel(graph));
    try {
      const scratch = await openScratch(bytes, 0);
      return new DecodedOnce(session, scratch, { width, height }, Math.floor(mostBytes / bytes));
    } catch (error) {
      await session.dispose();
      throw error;
    }
  }

  /** The same pictures: the first read of one gives it as it is, every other one as the model sees it. */
  of(entries: readonly PictureEntry[]): PictureEntry[] {
    return entries.map((entry) => {
      let place: number | undefined;
      const read = async (takeRoom?: TakeRoom) => {
        if (place !== undefined) return this.#readAside(place);
        const picture = await entry.read(takeRoom);
        place = await this.#putAside(picture);
        return picture;
      };
      return { ...entry, read };
    });
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
    await this.#scratch.dispose();
  }

  async #putAside(picture: Picture): Promise<number | undefined> {
    if (this.#count >= this.#most) return undefined;
    const { picture: resized } = await this.#session.run({ image: imageTensor(picture) });
    const place = this.#count++;
    try {
      await this.#scratch.append((resized as Tensor<'uint8'>).data);
      return place;
    } catch {
      // A full disk is no fault of the picture's: it is decoded again, as are those after it.
      this.#most = 0;
      return undefined;
    }
  }

  async #readAside(place: number): Promise<Picture> {
    const data = new Uint8Array(3 * this.#size.height * this.#size.width);
    await this.#scratch.read(place, data);
    return { ...this.#size, data };
  }
}
