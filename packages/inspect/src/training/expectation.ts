import { type Engine, float32, type Tensor, toModel, zeros } from '@bigrid/graph';
import { EXPECTED, errorMeter, type MethodOptions, type ParameterValues } from '@bigrid/method';
import { type OnEvent, progressOf } from '../events.ts';
import { checkCancelled } from '../work.ts';
import type { ExtractedFeatures } from './feature-extraction.ts';

/** Pictures of one kind that are measured: more hardly change what is expected of a place. */
const MOST_OF_A_KIND = 200;
/** Of all kinds together, so that many take no longer than a few; of each kind some in any case. */
const MOST_OF_ALL = 1000;
const LEAST_OF_A_KIND = 20;
/** Cells along one side of the square over which what is expected is averaged: no part lies still to a cell. */
const NEIGHBOURHOOD = 5;

export interface ExpectationInput {
  readonly engine: Engine;
  readonly method: MethodOptions;
  readonly features: ExtractedFeatures;
  /**
   * The class of each picture of the features: each is a kind. Without it kinds stay those that `values` have, and a
   * picture is of the nearest of them.
   */
  readonly classes?: readonly string[];
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal | undefined;
}

/**
 * Measures what a trained model leaves of good pictures at each place, and puts it into `values` by the names of
 * EXPECTED; nothing where the method expects nothing.
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function learnExpectation(
  values: ParameterValues,
  input: ExpectationInput,
): Promise<void> {
  const { engine, method, features, onEvent, signal } = input;
  if (method.expectation === 'none') return;
  const means = standardisedMeans(features);
  const names = [...new Set(input.classes)];
  const prototypes = input.classes
    ? names.map((name) => meanOf(means.filter((_, index) => input.classes?.[index] === name)))
    : knownPrototypes(values, means);
  const kinds =
    input.classes?.map((name) => names.indexOf(name)) ??
    means.map((mean) => nearest(mean, prototypes));
  const chosen = prototypes.map((_, kind) => someOf(kinds, kind, prototypes.length));
  const total = chosen.flat().length;

  const { statistics, tapChannels } = features;
  const session = await engine.load(toModel(errorMeter(method, statistics, tapChannels, values)));
  const block = zeros('float16', [1, ...features.shape]);
  const rows: Expected[] = [];
  let done = 0;
  try {
    const progress = progressOf('measuring', total, onEvent);
    for (const [kind, pictures] of chosen.entries()) {
      const sums = new Sums(method.cells);
      for (const picture of pictures) {
        checkCancelled(signal);
        await features.scratch.read(picture, new Uint8Array(block.data.buffer));
        const { forMap, forScore } = await session.run({ features: block });
        sums.add(numbersOf(forMap), numbersOf(forScore ?? forMap));
        progress(++done);
      }
      // A kind of which an update has no picture keeps what was expected of it.
      rows.push(pictures.length > 0 ? sums.expected() : before(values, kind));
    }
  } finally {
    await session.dispose();
  }
  const put = (name: string, columns: readonly Float32Array[]) => {
    const width = columns[0]?.length ?? 0;
    const all = columns.flatMap((column) => [...column]);
    values.set(name, float32([columns.length, width], all));
  };
  put(EXPECTED.prototypes, prototypes);
  for (const name of ['energy', 'mean', 'deviation'] as const) {
    put(
      EXPECTED[name],
      rows.map((row) => row[name]),
    );
  }
}

/** One row of each tensor: [cells * cells]. */
type Expected = Readonly<Record<'energy' | 'mean' | 'deviation', Float32Array>>;

/** Sums over the pictures of one kind, a cell each. */
class Sums {
  readonly #cells: number;
  readonly #energy: Float64Array;
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(cells: number) {
    this.#cells = cells;
    [this.#energy, this.#sum, this.#squares] = [0, 0, 0].map(
      () => new Float64Array(cells ** 2),
    ) as [Float64Array, Float64Array, Float64Array];
  }

  add(forMap: Float32Array, forScore: Float32Array): void {
    this.#count++;
    for (let cell = 0; cell < forMap.length; cell++) {
      const [map, score] = [forMap[cell] as number, forScore[cell] as number];
      this.#energy[cell] = (this.#energy[cell] as number) + map ** 2;
      this.#sum[cell] = (this.#sum[cell] as number) + score;
      this.#squares[cell] = (this.#squares[cell] as number) + score ** 2;
    }
  }

  expected(): Expected {
    const mean = this.#sum.map((sum) => sum / this.#count);
    const variance = this.#squares.map((sum, cell) =>
      Math.max(0, sum / this.#count - (mean[cell] as number) ** 2),
    );
    const own = this.#averaged(variance).map(Math.sqrt);
    const average = own.reduce((a, b) => a + b, 0) / own.length;
    return {
      energy: Float32Array.from(this.#averaged(this.#energy.map((sum) => sum / this.#count))),
      mean: Float32Array.from(this.#averaged(mean)),
      // Pictures that are all the same must not be divided by nothing.
      deviation: Float32Array.from(own, (deviation) => Math.max(1e-6, deviation + average)),
    };
  }

  /** The mean over the cells around each that are inside. */
  #averaged(field: Float64Array): Float64Array {
    const cells = this.#cells;
    const reach = (NEIGHBOURHOOD - 1) / 2;
    return field.map((_, at) => {
      const [row, column] = [Math.floor(at / cells), at % cells];
      let sum = 0;
      let count = 0;
      for (let y = Math.max(0, row - reach); y <= Math.min(cells - 1, row + reach); y++) {
        for (let x = Math.max(0, column - reach); x <= Math.min(cells - 1, column + reach); x++) {
          sum += field[y * cells + x] as number;
          count++;
        }
      }
      return sum / count;
    });
  }
}

/** The mean of each picture's features over its cells, standardised. */
function standardisedMeans({ pictureMeans, statistics }: ExtractedFeatures): Float32Array[] {
  const { mean, deviation } = statistics;
  return pictureMeans.map((own) =>
    own.map((value, c) => (value - (mean[c] as number)) / (deviation[c] as number)),
  );
}

/** Those of a bundle; where it has one kind and no need of any, the mean of all pictures. */
function knownPrototypes(
  values: ParameterValues,
  means: readonly Float32Array[],
): readonly Float32Array[] {
  return values.has(EXPECTED.prototypes) ? rowsOf(values, EXPECTED.prototypes) : [meanOf(means)];
}

function meanOf(means: readonly Float32Array[]): Float32Array {
  return Float32Array.from(
    means[0] as Float32Array,
    (_, c) => means.reduce((sum, mean) => sum + (mean[c] as number), 0) / means.length,
  );
}

function nearest(mean: Float32Array, prototypes: readonly Float32Array[]): number {
  const distances = prototypes.map((own) =>
    own.reduce((sum, value, c) => sum + (value - (mean[c] as number)) ** 2, 0),
  );
  return distances.indexOf(Math.min(...distances));
}

/** Pictures of a kind, evenly drawn. */
function someOf(kinds: readonly number[], kind: number, kindCount: number): number[] {
  const most = Math.max(
    LEAST_OF_A_KIND,
    Math.min(MOST_OF_A_KIND, Math.floor(MOST_OF_ALL / kindCount)),
  );
  const own = kinds.flatMap((of, index) => (of === kind ? [index] : []));
  const step = Math.max(1, own.length / most);
  return Array.from(
    { length: Math.min(most, own.length) },
    (_, at) => own[Math.floor(at * step)] as number,
  );
}

function rowsOf(values: ParameterValues, name: string): Float32Array[] {
  const { shape, data } = values.get(name) as Tensor<'float32'>;
  const [rows, width] = shape as [number, number];
  return Array.from({ length: rows }, (_, row) => data.subarray(row * width, (row + 1) * width));
}

function before(values: ParameterValues, kind: number): Expected {
  const row = (name: string) => rowsOf(values, name)[kind] as Float32Array;
  return {
    energy: row(EXPECTED.energy),
    mean: row(EXPECTED.mean),
    deviation: row(EXPECTED.deviation),
  };
}

const numbersOf = (value: Tensor | undefined) => (value as Tensor<'float32'>).data;
