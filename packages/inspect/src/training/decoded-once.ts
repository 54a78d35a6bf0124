import type { Engine } from '@bigrid/graph';
import type { MethodOptions } from '@bigrid/method';
import type { Image, ImageEntry, OpenScratch, Scratch } from '../ports.ts';
import type { TakeRoom } from '../work.ts';
import { Resizer } from './resizer.ts';

/** Maximum bytes in the scratch, about 5,000 images of 256 x 256. Images beyond that are decoded each time. */
const MOST_BYTES = 2 ** 30;

/**
 * Decodes images only once that are read several times: from the second time on they come from a scratch, resized to the
 * model's input. The resize is the model's own, so features and scores are identical to the bit.
 */
export class DecodedOnce {
  readonly #resizer: Resizer;
  readonly #scratch: Scratch;
  #most: number;
  #count = 0;

  private constructor(resizer: Resizer, scratch: Scratch, most: number) {
    this.#resizer = resizer;
    this.#scratch = scratch;
    this.#most = most;
  }

  static async open(
    engine: Engine,
    method: MethodOptions,
    openScratch: OpenScratch,
    mostBytes = MOST_BYTES,
  ): Promise<DecodedOnce> {
    const resizer = await Resizer.open(engine, method);
    const bytes = bytesAt(resizer.size);
    try {
      const scratch = await openScratch(bytes, 0);
      return new DecodedOnce(resizer, scratch, Math.floor(mostBytes / bytes));
    } catch (error) {
      await resizer.dispose();
      throw error;
    }
  }

  /** Wraps entries: the first read gives the original image, later reads the resized one. */
  of(entries: readonly ImageEntry[]): ImageEntry[] {
    return entries.map((entry) => {
      let place: number | undefined;
      const read = async (takeRoom?: TakeRoom) => {
        if (place !== undefined) return this.#readAside(place);
        const image = await entry.read(takeRoom);
        place = await this.#putAside(image);
        return image;
      };
      return { ...entry, read };
    });
  }

  async dispose(): Promise<void> {
    await this.#resizer.dispose();
    await this.#scratch.dispose();
  }

  async #putAside(image: Image): Promise<number | undefined> {
    if (this.#count >= this.#most) return undefined;
    const { data } = await this.#resizer.resize(image);
    const place = this.#count++;
    try {
      await this.#scratch.append(data);
      return place;
    } catch {
      // A full disk is not the image's fault: this image and those after it are decoded again.
      this.#most = 0;
      return undefined;
    }
  }

  async #readAside(place: number): Promise<Image> {
    const { size } = this.#resizer;
    const data = new Uint8Array(bytesAt(size));
    await this.#scratch.read(place, data);
    return { ...size, data };
  }
}

const bytesAt = ({ width, height }: Resizer['size']) => 3 * width * height;
