import type { Engine } from '@bigrid/graph';
import type { Backbone } from '@bigrid/method';
import type { OnEvent } from './events.ts';
import type { TakeRoom } from './work.ts';

/** A decoded image: 8-bit RGB, row by row, 3 bytes a pixel. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** height * width * 3 bytes. */
  readonly data: Uint8Array;
}

/** A decoded mask, one byte a pixel: above 127 is defect in a ground truth, and ignored in a mask of what to ignore. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  /** height * width bytes. */
  readonly data: Uint8Array;
}

/** An image that can be read. */
export interface ImageEntry {
  /** Names the image in events, results and errors: a path, a URL. */
  readonly path: string;
  /**
   * Decodes the image, which must stay as it is until its outcome is there; it is never changed or transferred. Whatever
   * this throws is the error of this image where images are inspected, and does not stop the others.
   * @param takeRoom to be waited for with its decoded bytes before they are there: it bounds those of all in work
   * @throws IMAGE_UNREADABLE, IMAGE_TOO_LARGE, PATH_MISSING, PATH_UNREADABLE
   */
  read(takeRoom?: TakeRoom): Promise<Image>;
  /** What to ignore of it, in place of what the bundle ignores; of any size, spread over the image. */
  readonly ignored?: Mask | undefined;
  /** The file itself, of an image that was kept for updates. @throws PATH_MISSING, PATH_UNREADABLE */
  readonly readKept?: (() => Promise<Uint8Array>) | undefined;
}

/** A test image with what is known of it. */
export interface LabelledEntry extends ImageEntry {
  /** The product it shows. */
  readonly className: string;
  /** `good`, or the name of the defect. */
  readonly defect: string;
  /** Decodes its mask; undefined for a good image, and where there is none. */
  readonly readMask: (() => Promise<Mask>) | undefined;
}

/** Bytes kept aside while training: one block an image, all of one size. */
export interface Scratch {
  /** Appends a block. */
  append(block: Uint8Array): Promise<void>;
  /** Copies block `index` into `target`, which has its size. */
  read(index: number, target: Uint8Array): Promise<void>;
  /** Gives the space back. */
  dispose(): Promise<void>;
}

/**
 * Makes a scratch.
 * @param kept blocks of an earlier run that it has to begin with; only where there is a {@link Checkpoint}
 */
export type OpenScratch = (blockBytes: number, kept: number) => Promise<Scratch>;

/** Keeps how far a training is, so that another run can go on from there after this one was killed. */
export interface Checkpoint {
  /** What an earlier run saved last; undefined where training starts at the beginning. */
  readonly saved: Uint8Array | undefined;
  /** Seconds from one save to the next. Default: 10, or more where a save takes long. */
  readonly everySeconds?: number | undefined;
  /**
   * Puts a state in the place of the last one, after what the scratch holds is safe: whenever the process is killed,
   * one of both is there as a whole.
   */
  save(state: Uint8Array): Promise<void>;
}

/** Good images of a training, for an update to go on from. */
export interface Replay {
  /** Learnt again beside new ones, so that they are not forgotten. */
  readonly learnt: readonly ImageEntry[];
  /** Never learnt: they set the threshold, with new ones. */
  readonly heldOut: readonly ImageEntry[];
}

/** Keeps good images for updates. */
export interface KeepReplay {
  /** How many at most. */
  readonly most: number;
  /**
   * Several may be under way at once.
   * @param image at the size at which the model looks at it, or the file of one that was kept before
   * @throws OUTPUT_UNWRITABLE
   */
  keep(part: keyof Replay, index: number, image: Image | Uint8Array): Promise<void>;
}

/** What training and updates work with. */
export interface TrainingPorts {
  readonly engine: Engine;
  readonly backbone: Backbone;
  readonly openScratch: OpenScratch;
  readonly now: () => Date;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}
