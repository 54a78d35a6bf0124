import { type Session, type Tensor, toModel } from '@bigrid/graph';
import { imageTensor, type Picture } from '@bigrid/inspect';
import { extractor, profiles } from '@bigrid/method';
import { type EngineOptions, onnxRuntimeEngine } from '../engine/engine.ts';
import { embeddedBackbone } from '../training/backbones.ts';
import type { Finding } from './diagnosis.ts';
import { middleAndSpread } from './robust.ts';

/** A picture by what the frozen network sees in it. */
export interface DescribedPicture {
  readonly path: string;
  /** Sum over the picture of each channel of its features. */
  readonly description: Float32Array;
}

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

  async describe(picture: Picture): Promise<Float32Array> {
    const { sum } = await this.#session.run({ image: imageTensor(picture) });
    return (sum as Tensor<'float32'>).data;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

/** With fewer there is no rest to be unlike. */
const LEAST = 10;
/** Neighbours that a picture is compared with: more than one, so that two copies of a slip do not hide each other. */
const NEIGHBOURS = 3;
/**
 * From how many robust deviations on a picture is odd, on the logarithm of its distance. Chosen on defects planted
 * among good pictures of Magnetic Tile Defects; docs/operation.md has the figures.
 */
const ODD = 2;

/** Good pictures that are further from their nearest neighbours than good pictures are: often defects among them. */
export function unlikeTheRest(pictures: readonly DescribedPicture[], className: string): Finding[] {
  if (pictures.length < LEAST) return [];
  const distances = neighbourDistances(pictures.map(({ description }) => description));
  const logarithms = distances.map((distance) => Math.log(Math.max(distance, 1e-9)));
  const { middle, spread } = middleAndSpread(logarithms);
  const odd = pictures
    .map(({ path }, index) => ({ path, by: ((logarithms[index] as number) - middle) / spread }))
    // Where all are the same, spread is nothing and `by` no number.
    .filter(({ by }) => by > ODD)
    .sort((a, b) => b.by - a.by);
  if (odd.length === 0) {
    return [
      {
        level: 'ok',
        check: 'odd ones',
        message: `${className}: no good picture is unlike the rest`,
      },
    ];
  }
  return [
    {
      level: 'note',
      check: 'odd ones',
      message: `${className}: ${odd.length} of ${pictures.length} good pictures unlike the rest, the oddest first`,
      remedy: 'Look at each: a defect among the good teaches the model to accept it.',
      paths: odd.map(({ path }) => [path]),
    },
  ];
}

/** Mean distance of each to its nearest others, every number standardised over the set. */
function neighbourDistances(descriptions: readonly Float32Array[]): number[] {
  const standardised = standardise(descriptions);
  return standardised.map((own, index) => {
    const nearest = Array(NEIGHBOURS).fill(Number.POSITIVE_INFINITY) as number[];
    standardised.forEach((other, at) => {
      if (at === index) return;
      const squared = squaredDistance(own, other, nearest.at(-1) as number);
      if (squared >= (nearest.at(-1) as number)) return;
      nearest[NEIGHBOURS - 1] = squared;
      nearest.sort((a, b) => a - b);
    });
    return nearest.reduce((sum, squared) => sum + Math.sqrt(squared), 0) / NEIGHBOURS;
  });
}

/** Stops once it is past `limit`. */
function squaredDistance(a: Float32Array, b: Float32Array, limit: number): number {
  let sum = 0;
  for (let i = 0; i < a.length && sum < limit; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    sum += difference * difference;
  }
  return sum;
}

function standardise(rows: readonly Float32Array[]): Float32Array[] {
  const length = rows[0]?.length ?? 0;
  const mean = new Float64Array(length);
  const squares = new Float64Array(length);
  for (const row of rows) {
    row.forEach((value, i) => {
      mean[i] = (mean[i] as number) + value / rows.length;
      squares[i] = (squares[i] as number) + value ** 2 / rows.length;
    });
  }
  const deviation = squares.map((square, i) =>
    Math.sqrt(Math.max(square - (mean[i] as number) ** 2, 1e-12)),
  );
  return rows.map((row) =>
    row.map((value, i) => (value - (mean[i] as number)) / (deviation[i] as number)),
  );
}
