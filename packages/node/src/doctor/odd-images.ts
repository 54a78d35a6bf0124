import { float16ToFloat32, type Session, type Tensor, toModel } from '@bigrid/graph';
import { type Image, imageTensor, type Scratch } from '@bigrid/inspect';
import { extractor, profiles } from '@bigrid/method';
import { type EngineOptions, onnxRuntimeEngine } from '../engine/engine.ts';
import { embeddedBackbone } from '../training/backbones.ts';
import { fileScratch } from '../training/scratch.ts';
import type { Finding } from './diagnosis.ts';
import { middleAndSpread } from './robust.ts';

/** Places along a side of an image: a defect is lost in a mean over more than itself, a shade in single places. */
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

  /** Means of each channel over each place: [channels, side, side] for each of {@link SIDES}, one after the other. */
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

/** An image with how far its oddest place is from the same place of the others of its class. */
export interface OddImage {
  readonly path: string;
  /** For each of the sizes of places: over channels, the mean square of standard scores. */
  readonly oddness: readonly number[];
}

/** Good images of one class, seen so far. */
interface Seen {
  readonly paths: string[];
  /** Where their features are in the scratch. */
  readonly blocks: number[];
  /** Of each value of the features, over the images. */
  readonly sum: Float64Array;
  readonly squares: Float64Array;
}

/**
 * Compares images with each other, place by place. Features wait in a temporary file, so that memory does not grow with
 * the images.
 */
export class OddImages {
  readonly #classes = new Map<string, Seen>();
  #scratch: Scratch | undefined;
  #blocks = 0;

  /** Takes what {@link FeatureReader} sees in a good image. @throws OUTPUT_UNWRITABLE where there is no room for it */
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

  /** The images of a class, in order; none of one that there is not. */
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

/** The highest place of each size, in means over channels. */
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

/** With fewer there is no rest to be unlike. */
const LEAST = 10;
/**
 * From how many robust deviations on an image is odd, on the logarithm of its oddness. Chosen on made-up defects planted
 * among good images; docs/lab-notes/2026-11-24-odd-images.md has the figures.
 */
const ODD = 4;

/** Good images whose oddest place is odder than those of good images are: often defects among them. */
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
        // Where most are the same, spread is nothing.
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
        message: `${className}: no good image is unlike the rest`,
      },
    ];
  }
  return [
    {
      level: 'note',
      check: 'odd ones',
      message: `${className}: ${odd.length} of ${images.length} good images unlike the rest, the oddest first`,
      remedy: 'Look at each: a defect among the good teaches the model to accept it.',
      paths: odd.map(({ path }) => [path]),
    },
  ];
}
