import { float32, type Tensor, type Tensors } from '@bigrid/graph';
import {
  GAUSSIANS,
  type ParameterValues,
  packedShape,
  packTriangles,
  unpackTriangles,
} from '@bigrid/method';
import { rowsOf } from '../kinds.ts';
import { joined } from '../rows.ts';

/** The covariance of a place is mixed with the average one as if there were this many more cells per direction. */
const SHRINKAGE = 1 / 5;
/** Added to every variance, as a share of the average one, so that no direction divides by almost nothing. */
const FLOOR = 0.01;
const LEAST_VARIANCE = 1e-12;

/** Sums over the cells of good images, by place, from which a Gaussian each is fitted. */
export class PlaceSums {
  readonly places: number;
  readonly width: number;
  readonly #counts: Float64Array;
  readonly #sums: Float64Array;
  readonly #products: Float64Array;

  constructor(places: number, width: number) {
    this.places = places;
    this.width = width;
    this.#counts = new Float64Array(places);
    this.#sums = new Float64Array(places * width);
    this.#products = new Float64Array(places * width ** 2);
  }

  /** Adds what a batch gives: `counts` [places], `sums` [places, width], `products` [places, width, width]. */
  add({ counts, sums, products }: Tensors): void {
    addTo(this.#counts, counts);
    addTo(this.#sums, sums);
    addTo(this.#products, products);
  }

  /** Adds the cells that a kind's Gaussians in a model were fitted to. @throws BUNDLE_INVALID */
  addFitted(values: ParameterValues, kind: number): void {
    const { width } = this;
    const row = (name: string) => rowsOf(values, name)[kind] as Float32Array;
    const means = row(GAUSSIANS.means);
    const counts = row(GAUSSIANS.counts);
    const lengths = row(GAUSSIANS.lengths);
    const directions = unpackTriangles(row(GAUSSIANS.directions), this.places, width);
    for (let place = 0; place < this.places; place++) {
      const count = counts[place] as number;
      const mean = means.subarray(place * width, (place + 1) * width);
      const rows = directions.subarray(place * width ** 2, (place + 1) * width ** 2);
      const factor = inverted(scaledRows(rows, lengths.subarray(place * width), width), width);
      this.#counts[place] = (this.#counts[place] as number) + count;
      for (let i = 0; i < width; i++) {
        const at = place * width + i;
        this.#sums[at] = (this.#sums[at] as number) + count * (mean[i] as number);
        for (let j = 0; j < width; j++) {
          let covariance = 0;
          for (let k = 0; k <= Math.min(i, j); k++) {
            covariance += (factor[i * width + k] as number) * (factor[j * width + k] as number);
          }
          const both = covariance + (mean[i] as number) * (mean[j] as number);
          this.#products[at * width + j] =
            (this.#products[at * width + j] as number) + count * both;
        }
      }
    }
  }

  /**
   * A Gaussian for each place. Its covariance is drawn towards the average one, the more the fewer cells there are: from few
   * images, a covariance of its own would have no variance in most directions.
   * @returns `means`, `directions`, `lengths` and `counts` of {@link GAUSSIANS} for one kind
   */
  fitted(): Record<'means' | 'directions' | 'lengths' | 'counts', Float32Array> {
    const { places, width } = this;
    const means = new Float32Array(places * width);
    const directions = new Float32Array(places * width ** 2);
    const lengths = new Float32Array(places * width);
    const covariances = Array.from({ length: places }, (_, place) => this.#covariance(place));
    const average = averageOf(covariances, width);
    let variance = 0;
    for (let i = 0; i < width; i++) variance += (average[i * width + i] as number) / width;
    const floor = Math.max(LEAST_VARIANCE, FLOOR * variance);
    for (const [place, own] of covariances.entries()) {
      const count = this.#counts[place] as number;
      const share = width / (width + count / SHRINKAGE);
      const mixed = own.map((value, at) => (1 - share) * value + share * (average[at] as number));
      for (let i = 0; i < width; i++)
        mixed[i * width + i] = (mixed[i * width + i] as number) + floor;
      const inverse = inverted(cholesky(mixed, width), width);
      directions.set(inverse, place * width ** 2);
      for (let i = 0; i < width; i++) {
        means[place * width + i] = (this.#sums[place * width + i] as number) / Math.max(1, count);
        lengths[place * width + i] = Math.hypot(...inverse.subarray(i * width, (i + 1) * width));
      }
    }
    return {
      means,
      directions: packTriangles(directions, width),
      lengths,
      counts: Float32Array.from(this.#counts),
    };
  }

  #covariance(place: number): Float64Array {
    const { width } = this;
    const count = Math.max(1, this.#counts[place] as number);
    const mean = this.#sums.subarray(place * width, (place + 1) * width).map((sum) => sum / count);
    const products = this.#products.subarray(place * width ** 2, (place + 1) * width ** 2);
    return products.map(
      (product, at) =>
        product / count - (mean[Math.floor(at / width)] as number) * (mean[at % width] as number),
    );
  }
}

function addTo(sums: Float64Array, values: Tensor | undefined): void {
  const { data } = values as Tensor<'float32'>;
  for (let i = 0; i < data.length; i++) sums[i] = (sums[i] as number) + (data[i] as number);
}

function averageOf(matrices: readonly Float64Array[], width: number): Float64Array {
  const average = new Float64Array(width ** 2);
  for (const matrix of matrices) {
    for (let i = 0; i < average.length; i++)
      average[i] = (average[i] as number) + (matrix[i] as number) / matrices.length;
  }
  return average;
}

/** The lower factor L of L L^T = matrix, which is symmetric and positive definite. */
function cholesky(matrix: Float64Array, width: number): Float64Array {
  const factor = new Float64Array(width ** 2);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * width + j] as number;
      for (let k = 0; k < j; k++)
        sum -= (factor[i * width + k] as number) * (factor[j * width + k] as number);
      factor[i * width + j] =
        i === j
          ? Math.sqrt(Math.max(sum, LEAST_VARIANCE))
          : sum / (factor[j * width + j] as number);
    }
  }
  return factor;
}

/** The inverse of a lower triangular matrix, by forward substitution. */
function inverted(lower: Float64Array, width: number): Float64Array {
  const inverse = new Float64Array(width ** 2);
  for (let column = 0; column < width; column++) {
    for (let i = column; i < width; i++) {
      let sum = i === column ? 1 : 0;
      for (let k = column; k < i; k++)
        sum -= (lower[i * width + k] as number) * (inverse[k * width + column] as number);
      inverse[i * width + column] = sum / (lower[i * width + i] as number);
    }
  }
  return inverse;
}

/** Rows with the directions of some and the given lengths. Rounding must not make a triangular matrix another one. */
function scaledRows(rows: Float32Array, lengths: Float32Array, width: number): Float64Array {
  const scaled = new Float64Array(width ** 2);
  for (let i = 0; i < width; i++) {
    const own = rows.subarray(i * width, i * width + i + 1);
    const scale = (lengths[i] as number) / (Math.hypot(...own) || 1);
    own.forEach((value, at) => {
      scaled[i * width + at] = scale * value;
    });
  }
  return scaled;
}

/** The tensors of {@link GAUSSIANS} that are fitted, of all kinds. */
export function stacked(
  rows: readonly ReturnType<PlaceSums['fitted']>[],
  places: number,
  width: number,
): ParameterValues {
  const shapes = {
    means: [places, width],
    directions: packedShape(places, width),
    lengths: [places, width],
    counts: [places],
  } as const;
  return new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const key = name as keyof typeof shapes;
      const data = joined(rows.map((row) => row[key]));
      return [GAUSSIANS[key], float32([rows.length, ...shape], data)];
    }),
  );
}
