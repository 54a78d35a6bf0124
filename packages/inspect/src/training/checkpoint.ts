import { type ErrorCode, fail } from '@bigrid/errors';
import { bytesOf, fromBytes, sizeOf, type Tensor, type Tensors } from '@bigrid/graph';
import type { RandomState, Stage } from '@bigrid/method';
import type { PictureStatistics } from '../picture-statistics.ts';
import type { Checkpoint } from '../ports.ts';

/** What is known of a picture that was read. Bytes are hexadecimal digits: JSON knows no infinity. */
export interface SavedPicture {
  /** Its place among all. */
  readonly at: number;
  readonly statistics: PictureStatistics;
  readonly fingerprint: string;
  /** SHA-256 over its pixels. */
  readonly digest: string;
  /** Sum and sum of squares of each channel, float32. */
  readonly sum: string;
  readonly squares: string;
}

/** How far the reading of pictures is. */
export interface SavedReading {
  readonly pictures: readonly SavedPicture[];
  readonly skipped: readonly {
    readonly path: string;
    readonly code: ErrorCode;
    readonly message: string;
  }[];
  /** Chain of SHA-256 over the blocks in the scratch. */
  readonly blockHash: string;
}

/** How far a stage is. */
interface SavedStage {
  readonly stage: Stage;
  /** Steps done. */
  readonly step: number;
  readonly loss: number | undefined;
  /** Sequences of random numbers by their use. */
  readonly randoms: Readonly<Record<string, RandomState>>;
  /** Pictures of the present epoch that are still to come. */
  readonly order: readonly number[];
}

/** All that a training needs beside its input to go on as if it had never stopped. */
export interface SavedTraining {
  readonly reading: SavedReading;
  /** Undefined while pictures are read. */
  readonly stage?: SavedStage | undefined;
  /** What earlier stages found, or the bundle that training goes on from. */
  readonly values: Tensors;
  /** Parameters and moments of the present stage. */
  readonly current: Tensors;
}

/** Between two saves. */
const SECONDS = 10;
/** Saves may take this share of the time. */
const MOST_SHARE = 0.01;

/** Saves a training from time to time, and holds what an earlier run saved. */
export class Checkpoints {
  /** Where this run begins. */
  readonly saved: SavedTraining | undefined;
  /** Of this run, once all pictures are read. */
  reading: SavedReading | undefined;
  readonly #port: Checkpoint | undefined;
  #due: number;

  private constructor(port: Checkpoint | undefined, saved: SavedTraining | undefined) {
    this.#port = port;
    this.saved = saved;
    this.#due = performance.now() + 1000 * (port?.everySeconds ?? SECONDS);
  }

  /** @throws CHECKPOINT_INVALID */
  static async open(port: Checkpoint | undefined): Promise<Checkpoints> {
    return new Checkpoints(port, port?.saved && (await decode(port.saved)));
  }

  /**
   * Saves if it is time to.
   * @param state the reading so far, or what follows it; called only where it is needed
   * @throws OUTPUT_UNWRITABLE
   */
  async saveIfDue(
    state: () =>
      | Pick<SavedTraining, 'reading'>
      | Pick<SavedTraining, 'stage' | 'values' | 'current'>,
  ): Promise<void> {
    const started = performance.now();
    if (!this.#port || started < this.#due) return;
    const { reading } = this;
    await this.#port.save(await encode({ reading, ...state() }));
    const ended = performance.now();
    const { everySeconds } = this.#port;
    const pause = Math.max(1000 * SECONDS, (ended - started) / MOST_SHARE);
    this.#due = ended + (everySeconds === undefined ? pause : 1000 * everySeconds);
  }
}

interface Header extends Pick<SavedTraining, 'reading' | 'stage'> {
  readonly values: readonly TensorShape[];
  readonly current: readonly TensorShape[];
}

type TensorShape = readonly [name: string, shape: readonly number[]];

const LENGTH_BYTES = 4;
const DIGEST_BYTES = 32;

/** Length of the header, the header as JSON, all float32 tensors in its order, SHA-256 over all before it. */
async function encode(
  state: {
    readonly [Part in keyof SavedTraining]?: SavedTraining[Part] | undefined;
  },
): Promise<Uint8Array> {
  const { values = {}, current = {}, ...rest } = state;
  const shapes = (tensors: Tensors) =>
    Object.entries(tensors).map(([name, { shape }]): TensorShape => [name, shape]);
  const header = { ...rest, values: shapes(values), current: shapes(current) };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const parts = [json, ...[values, current].flatMap(Object.values<Tensor>).map(bytesOf)];
  const length = parts.reduce((sum, { byteLength }) => sum + byteLength, LENGTH_BYTES);
  const bytes = new Uint8Array(length + DIGEST_BYTES);
  new DataView(bytes.buffer).setUint32(0, json.byteLength, true);
  let end = LENGTH_BYTES;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.byteLength;
  }
  bytes.set(await digest(bytes.subarray(0, end)), end);
  return bytes;
}

/** @throws CHECKPOINT_INVALID */
async function decode(bytes: Uint8Array): Promise<SavedTraining> {
  const end = bytes.byteLength - DIGEST_BYTES;
  const isWhole =
    end > LENGTH_BYTES &&
    toHex(await digest(bytes.subarray(0, end))) === toHex(bytes.subarray(end));
  if (!isWhole) {
    fail(
      'CHECKPOINT_INVALID',
      `Expected the state of a training as it was saved but received ${bytes.byteLength} bytes that are damaged or only a part of it`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = LENGTH_BYTES + view.getUint32(0, true);
  // What bears its own digest is what was encoded.
  const header: Header = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, at)));
  const take = ([name, shape]: TensorShape): [string, Tensor] => {
    const start = at;
    at += sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT;
    return [name, fromBytes('float32', shape, bytes.subarray(start, at))];
  };
  const values = Object.fromEntries(header.values.map(take));
  const current = Object.fromEntries(header.current.map(take));
  return { ...header, values, current };
}

/** SHA-256. */
export async function digest(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

/** SHA-256 over a digest of all so far and the next one. */
export async function chain(
  before: Uint8Array,
  next: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const both = new Uint8Array(before.length + next.length);
  both.set(before);
  both.set(next, before.length);
  return digest(both);
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
  );
}
