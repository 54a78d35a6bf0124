import { float16ToFloat32, type Session, type Tensor, toModel } from '@bigrid/graph';
import { type Image, imageTensor, type Scratch } from '@bigrid/inspect';
import { extractor, profiles } from '@bigrid/method';
import { type EngineOptions, onnxRuntimeEngine } from '../engine/engine.ts';
import { embeddedBackbone } from '../training/backbones.ts';
import { fileScratch } from '../training/scratch.ts';
import type { Finding } from './diagnosis.ts';
import { middleAndSpread } from './robust.ts';

/** Cells along a side of an image: small cells show small defects, large ones show faint shading. */
const SIDES = [16, 4, 1] as const;
const PLACES = SIDES.reduce((sum, side) => sum + side ** 2, 0);

/** Runs the layers that training starts from. */
export class FeatureReader {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** @throws ENGINE_FAILED, DEVICE_MISSING */
  static async open(options: EngineOptions): Promise<FeatureReader> {
    const { graph } = extractor(await embeddedBackbone(), profiles.fast.method);
    return new FeatureReader(await onnxRuntimeEngine(options).load(toModel(graph)));
  }

  /** Mean of each channel over each cell: [channels, side, side] for each of {@link SIDES}, concatenated. */
  async read(image: Image): Promise<Float32Array> {
    const { features } = await this.#session.run({ image: imageTensor(image) });
    const { data, shape } = features as Tensor<'float16'>;
    const [, channels, cells] = shape as [number, number, number];
    const values = float16ToFloat32(data);
    const means = new Float32Array(channels * PLACES);
    let start = 0;
    for (const side of SIDES) {
      const width = cells / side;
      values.forEach((value, i) => {
        const [column, row] = [i % cells, Math.floor(i / cells)];
        const at = start + Math.floor(row / width) * side + Math.floor(column / width);
        means[at] = (means[at] as number) + value / width ** 2;
      });
      start += channels * side ** 2;
    }
    return means;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

/** An image, and how far its most unusual cell is from the same cell of the other images of its class. */
export interface OddImage {
  readonly path: string;
  /** For each of {@link SIDES}, the highest mean square of standard scores over channels. */
  readonly oddness: readonly number[];
}

/** Good images of one class, seen so far. */
interface Seen {
  readonly paths: string[];
  /** Indices of their features in the scratch file. */
  readonly blocks: number[];
  /** Sums over the images, for each feature value. */
  readonly sum: Float64Array;
  readonly squares: Float64Array;
}

/**
 * Compares images with each other, cell by cell. Features are stored in a temporary file, so that memory does not grow
 * with the number of images.
 */
export class OddImages {
  readonly #classes = new Map<string, Seen>();
  #scratch: Scratch | undefined;
  #blocks = 0;

  /** Adds the features of a good image, from {@link FeatureReader}. @throws OUTPUT_UNWRITABLE if the disk is full */
  async add(path: string, className: string, features: Float32Array): Promise<void> {
    this.#scratch ??= await fileScratch(features.byteLength);
    await this.#scratch.append(new Uint8Array(features.buffer));
    const seen = this.#classes.get(className) ?? {
      paths: [],
      blocks: [],
      sum: new Float64Array(features.length),
      squares: new Float64Array(features.length),
    };
    this.#classes.set(className, seen);
    seen.paths.push(path);
    seen.blocks.push(this.#blocks++);
    features.forEach((value, i) => {
      seen.sum[i] = (seen.sum[i] as number) + value;
      seen.squares[i] = (seen.squares[i] as number) + value * value;
    });
  }

  /** The images of a class, in the order added; none for an unknown class. */
  async of(className: string): Promise<OddImage[]> {
    const seen = this.#classes.get(className);
    if (!seen) return [];
    const { paths, blocks, sum, squares } = seen;
    const mean = sum.map((total) => total / paths.length);
    const variance = squares.map((total, i) =>
      Math.max(total / paths.length - (mean[i] as number) ** 2, 1e-12),
    );
    const features = new Float32Array(sum.length);
    const found: OddImage[] = [];
    for (const [at, path] of paths.entries()) {
      await this.#scratch?.read(blocks[at] as number, new Uint8Array(features.buffer));
      const scores = features.map(
        (value, i) => (value - (mean[i] as number)) ** 2 / (variance[i] as number),
      );
      found.push({ path, oddness: highestOf(scores) });
    }
    return found;
  }

  async dispose(): Promise<void> {
    await this.#scratch?.dispose();
  }
}

/** The highest mean over channels of any cell, for each of {@link SIDES}. */
function highestOf(scores: Float32Array): number[] {
  const channels = scores.length / PLACES;
  let start = 0;
  return SIDES.map((side) => {
    const places = new Float64Array(side ** 2);
    const own = scores.subarray(start, start + channels * places.length);
    own.forEach((score, i) => {
      const place = i % places.length;
      places[place] = (places[place] as number) + score / channels;
    });
    start += own.length;
    return Math.max(...places);
  });
}

/** Fewer images are too few to compare. */
const LEAST = 10;
/**
 * Robust deviations of the log of the oddness above which an image is reported. Chosen on synthetic defects planted among
 * good images; docs/lab-notes/2026-11-24-odd-images.md has the figures.
 */
const ODD = 4;

/** Reports good images that differ from the rest: often they are mislabelled defects. */
export function unlikeTheRest(images: readonly OddImage[], className: string): Finding[] {
  if (images.length < LEAST) return [];
  const logarithms = images.map(({ oddness }) =>
    oddness.map((highest) => Math.log(Math.max(highest, 1e-9))),
  );
  const usual = SIDES.map((_, size) =>
    middleAndSpread(logarithms.map((own) => own[size] as number)),
  );
  const odd = images
    .map(({ path }, index) => {
      const deviations = usual.map(({ middle, spread }, size) => {
        const above = (logarithms[index]?.[size] as number) - middle;
        // If most images are identical, the spread is 0.
        return above > 0 ? above / spread : 0;
      });
      return { path, by: Math.max(...deviations) };
    })
    .filter(({ by }) => by > ODD)
    .sort((a, b) => b.by - a.by);
  if (odd.length === 0) {
    return [
      {
        level: 'ok',
        check: 'odd ones',
        message: `${className}: no outliers among the good images`,
      },
    ];
  }
  return [
    {
      level: 'note',
      check: 'odd ones',
      message: `${className}: ${odd.length} of ${images.length} good images are outliers, the strongest first`,
      remedy: 'Look at each: a defect among the good images teaches the model to accept it.',
      paths: odd.map(({ path }) => [path]),
    },
  ];
}
