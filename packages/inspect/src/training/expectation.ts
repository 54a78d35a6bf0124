import { type Engine, float32, type Tensor, toModel, zeros } from '@bigrid/graph';
import { EXPECTED, errorMeter, type MethodOptions, type ParameterValues } from '@bigrid/method';
import { type OnEvent, progressOf } from '../events.ts';
import { checkCancelled } from '../work.ts';
import type { ExtractedFeatures } from './feature-extraction.ts';
import { type Kinds, rowsOf } from './kinds.ts';

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
  /** Kinds of the pictures of the features: the first are those that `values` have, if any. */
  readonly kinds: Kinds;
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
  const { engine, method, features, kinds, onEvent, signal } = input;
  if (method.expectation === 'none') return;
  const { prototypes, of } = kinds;
  const chosen = prototypes.map((_, kind) => someOf(of, kind, prototypes.length));
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

/** Pictures of a kind, evenly drawn. */
function someOf(of: readonly number[], kind: number, kindCount: number): number[] {
  const most = Math.max(
    LEAST_OF_A_KIND,
    Math.min(MOST_OF_A_KIND, Math.floor(MOST_OF_ALL / kindCount)),
  );
  const own = of.flatMap((its, index) => (its === kind ? [index] : []));
  const step = Math.max(1, own.length / most);
  return Array.from(
    { length: Math.min(most, own.length) },
    (_, at) => own[Math.floor(at * step)] as number,
  );
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
