import type { Engine } from '@bigrid/graph';
import type { Backbone } from '@bigrid/method';
import type { OnEvent } from './events.ts';
import type { TakeRoom } from './work.ts';

/** A decoded image: 8-bit RGB, row by row, 3 bytes per pixel. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** height * width * 3 bytes. */
  readonly data: Uint8Array;
}

/** A decoded mask, one byte per pixel: values above 127 are defects in a ground truth, and ignored in a mask to ignore. */
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
   * Decodes the image, which must not change until its outcome is available; it is never modified or transferred. In an
   * inspection, an error thrown here becomes the outcome of this image and does not stop the others.
   * @param takeRoom to be awaited with the number of decoded bytes before decoding: it bounds the bytes of all images in progress
   * @throws IMAGE_UNREADABLE, IMAGE_TOO_LARGE, PATH_MISSING, PATH_UNREADABLE
   */
  read(takeRoom?: TakeRoom): Promise<Image>;
  /** Mask of the area to ignore, which overrides that of the bundle; of any size, stretched over the image. */
  readonly ignored?: Mask | undefined;
  /** The file contents, for an image that was kept for updates. @throws PATH_MISSING, PATH_UNREADABLE */
  readonly readKept?: (() => Promise<Uint8Array>) | undefined;
}

/** A test image with its labels. */
export interface LabelledEntry extends ImageEntry {
  /** The product it shows. */
  readonly className: string;
  /** `good`, or the name of the defect. */
  readonly defect: string;
  /** Decodes its mask; undefined for a good image, and if there is none. */
  readonly readMask: (() => Promise<Mask>) | undefined;
}

/** Temporary storage for training: blocks of one size, one per image or tile. */
export interface Scratch {
  /** Appends a block. */
  append(block: Uint8Array): Promise<void>;
  /** Copies block `index` into `target`, which has the size of a block. */
  read(index: number, target: Uint8Array): Promise<void>;
  /** Frees the space. */
  dispose(): Promise<void>;
}

/**
 * Opens a scratch.
 * @param kept number of blocks of an earlier run to start with, 0 without a {@link Checkpoint}; left out for a scratch that
 *   no later run continues
 */
export type OpenScratch = (blockBytes: number, kept?: number) => Promise<Scratch>;

/** Saves the progress of a training, so that another run can resume it if this one is killed. */
export interface Checkpoint {
  /** The last state that an earlier run saved; undefined to start from the beginning. */
  readonly saved: Uint8Array | undefined;
  /** Seconds between saves. Default: 10, or more if a save takes long. */
  readonly everySeconds?: number | undefined;
  /**
   * Replaces the last state once the contents of the scratch are on disk: whenever the process is killed, either the old
   * or the new state is complete.
   */
  save(state: Uint8Array): Promise<void>;
}

/** Good images kept from training for updates. */
export interface Replay {
  /** Learnt again together with new ones, so that they are not forgotten. */
  readonly learnt: readonly ImageEntry[];
  /** Never learnt: together with new ones they set the threshold. */
  readonly heldOut: readonly ImageEntry[];
}

/** Keeps good images for updates. */
export interface KeepReplay {
  /** Maximum number of images. */
  readonly most: number;
  /**
   * May be called again before earlier calls have finished.
   * @param image resized to the model's input, or the file of an image that was kept before
   * @throws OUTPUT_UNWRITABLE
   */
  keep(part: keyof Replay, index: number, image: Image | Uint8Array): Promise<void>;
}

/** What training computes with; both may be the same. */
export interface TrainingEngines {
  /** For steps of training, and for other graphs of which one run is done at a time. */
  readonly engine: Engine;
  /** For graphs that run once per image, as many at once as it can. */
  readonly imageEngine: Engine;
}

/** What training, updates and recalibration need from outside. */
export interface TrainingPorts extends TrainingEngines {
  readonly backbone: Backbone;
  readonly openScratch: OpenScratch;
  readonly now: () => Date;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}
