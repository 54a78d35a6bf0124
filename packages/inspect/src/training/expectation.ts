import { type Tensor, type Tensors, tensor, toModel, zeros } from '@bigrid/graph';
import {
  EXPECTED,
  errorMeter,
  freeKinds,
  type ParameterValues,
  variationWidth,
} from '@bigrid/method';
import { progressOf } from '../events.ts';
import { imagesAhead, resultsInOrder } from '../work.ts';
import { evenly } from './evenly.ts';
import { type ExtractedFeatures, readBlock } from './feature-extraction.ts';
import { type Kinds, rowsOf } from './kinds.ts';
import type { Plan } from './plan.ts';
import { joined } from './rows.ts';
import { componentsEach, keptVariation, variationOf } from './variation.ts';

/** Images of one kind that are measured: more hardly change the expectation. */
const MOST_OF_A_KIND = 200;
/** Images of all kinds together, so that many kinds take no longer than a few; each kind has a minimum. */
const MOST_OF_ALL = 1000;
const LEAST_OF_A_KIND = 20;
/** Side of the square, in cells, over which the expectation is averaged: parts shift by more than a cell. */
const NEIGHBOURHOOD = 5;

/** What is needed of {@link Learnt} to measure the expectation. */
export interface Expecting {
  readonly plan: Pick<Plan, 'engine' | 'imageEngine' | 'method' | 'onEvent' | 'signal'>;
  readonly features: ExtractedFeatures;
  /** Kinds of the learnt images; those that `values` already hold come first. */
  readonly kinds: Kinds;
  readonly values: ParameterValues;
}

/**
 * Measures the reconstruction error of good images: how it varies as a whole, and its size at each place.
 * @returns the input with these among its values, under the names of EXPECTED; unchanged if `expectation` is `none`
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function measureExpectation<Learnt extends Expecting>(
  learnt: Learnt,
): Promise<Learnt> {
  const { plan, features, kinds, values } = learnt;
  const { engine, method } = plan;
  if (method.expectation === 'none') return learnt;
  const { prototypes, of } = kinds;
  const free = freeKinds(values);
  if (free.length > 0 && !free.includes(false)) {
    return { ...learnt, values: withPrototypes(values, prototypes) };
  }
  const chosen = prototypes.map((_, kind) =>
    free[kind] ? [] : someOf(of, kind, prototypes.length),
  );
  const most = Math.max(...chosen.map(({ length }) => length));
  const [, known] = values.get(EXPECTED.components)?.shape ?? [];
  const count = method.expectation === 'image' ? componentsEach(most, chosen.length, known) : 0;
  const none = zeros('float32', [count, variationWidth(features)]);
  const varies = chosen.map((_, kind) => {
    const isKept = kinds.isNewKind && kind < chosen.length - 1 && values.has(EXPECTED.components);
    return count > 0 && !isKept;
  });
  const total = chosen.reduce((sum, { length }, kind) => sum + (varies[kind] ? 2 : 1) * length, 0);
  const meter = await openMeter(learnt, count, total);
  const rows: Expected[] = [];
  try {
    for (const [kind, images] of chosen.entries()) {
      // A kind without images in this update keeps its expectation; one that lies freely has none.
      if (images.length === 0) {
        rows.push(
          free[kind]
            ? nothing(method.cells, features.tapCells.length, none)
            : before(values, kind, none),
        );
        continue;
      }
      const variation = varies[kind]
        ? await variationOf(engine, await leftOf(images, meter, none), count)
        : keptVariation({ ...none, data: componentsBefore(values, kind, none) });
      const sums = new Sums(method.cells, features.tapCells.length);
      for await (const { energies, forScore } of meter.measure(images, variation.without)) {
        sums.add(numbersOf(energies), numbersOf(forScore));
      }
      rows.push({ ...sums.expected(), components: variation.ofAll.data });
    }
  } finally {
    await meter.dispose();
  }
  return { ...learnt, values: withExpectation(values, prototypes, rows, none.shape) };
}

interface Meter {
  /**
   * Reconstruction errors of images, in order.
   * @param componentsOf variation that is expected of an image, by its place among them: [count, width]
   */
  measure(
    images: readonly number[],
    componentsOf: (at: number) => Tensor<'float32'>,
  ): AsyncIterable<Tensors>;
  dispose(): Promise<void>;
}

/**
 * @param count number of components
 * @param total number of images to be measured, for progress
 */
async function openMeter(
  { plan, features, values, kinds }: Expecting,
  count: number,
  total: number,
): Promise<Meter> {
  const { imageEngine, method, onEvent, signal } = plan;
  const { statistics } = features;
  const known = withPrototypes(values, kinds.prototypes);
  const graph = errorMeter(method, statistics, features, known, count);
  const session = await imageEngine.load(toModel(graph));
  const progress = progressOf('measuring', total, onEvent);
  let done = 0;
  return {
    async *measure(images, componentsOf) {
      const one = async ([at, image]: readonly [number, number]) => {
        const block = await readBlock(features, features.shape, image);
        return session.run({ features: block, ...(count > 0 && { components: componentsOf(at) }) });
      };
      const ahead = imagesAhead(imageEngine.runsAtOnce);
      for await (const measured of resultsInOrder(images.entries(), one, ahead, signal)) {
        progress(++done);
        yield measured;
      }
    },
    dispose: () => session.dispose(),
  };
}

/** Reconstruction error of the images without any expected variation. @returns [images, width] */
async function leftOf(images: readonly number[], meter: Meter, none: Tensor<'float32'>) {
  const [, width] = none.shape as [number, number];
  const all = zeros('float16', [images.length, width]);
  let at = 0;
  for await (const { left } of meter.measure(images, () => none)) {
    all.data.set((left as Tensor<'float16'>).data, width * at++);
  }
  return all;
}

/** @param components shape of the components, [count, width]; they are left out if count is 0 */
function withExpectation(
  values: ParameterValues,
  prototypes: readonly Float32Array[],
  rows: readonly Expected[],
  components: readonly number[],
): ParameterValues {
  const expected = withPrototypes(values, prototypes);
  const put = (
    name: string,
    columns: readonly Float32Array[],
    shape: readonly number[] = [columns[0]?.length ?? 0],
  ) => expected.set(name, tensor('float32', [columns.length, ...shape], joined(columns)));
  for (const name of ['energy', 'mean', 'deviation'] as const) {
    put(
      EXPECTED[name],
      rows.map((row) => row[name]),
    );
  }
  if (components[0] === 0) expected.delete(EXPECTED.components);
  else {
    put(
      EXPECTED.components,
      rows.map((row) => row.components),
      components,
    );
  }
  return expected;
}

/** One row of each tensor: energy [taps * cells * cells], components [count, width], the others [cells * cells]. */
type Expected = Readonly<Record<'energy' | 'mean' | 'deviation' | 'components', Float32Array>>;

/** Sums over the images of one kind, per cell. */
class Sums {
  readonly #cells: number;
  readonly #energy: Float64Array;
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(cells: number, taps: number) {
    this.#cells = cells;
    const area = cells ** 2;
    this.#energy = new Float64Array(taps * area);
    this.#sum = new Float64Array(area);
    this.#squares = new Float64Array(area);
  }

  add(energies: Float32Array, forScore: Float32Array): void {
    this.#count++;
    energies.forEach((energy, at) => {
      this.#energy[at] = (this.#energy[at] as number) + energy;
    });
    forScore.forEach((score, cell) => {
      this.#sum[cell] = (this.#sum[cell] as number) + score;
      this.#squares[cell] = (this.#squares[cell] as number) + score ** 2;
    });
  }

  expected(): Omit<Expected, 'components'> {
    const mean = this.#sum.map((sum) => sum / this.#count);
    const variance = this.#squares.map((sum, cell) =>
      Math.max(0, sum / this.#count - (mean[cell] as number) ** 2),
    );
    const own = this.#averaged(variance).map(Math.sqrt);
    const average = own.reduce((a, b) => a + b, 0) / own.length;
    return {
      energy: Float32Array.from(this.#averaged(this.#energy.map((sum) => sum / this.#count))),
      mean: Float32Array.from(this.#averaged(mean)),
      // Identical images must not cause a division by zero.
      deviation: Float32Array.from(own, (deviation) => Math.max(1e-6, deviation + average)),
    };
  }

  /** Box average that ignores cells outside; for one field or several concatenated ones. */
  #averaged(field: Float64Array): Float64Array {
    const cells = this.#cells;
    const reach = (NEIGHBOURHOOD - 1) / 2;
    return field.map((_, at) => {
      const [row, column] = [Math.floor(at / cells) % cells, at % cells];
      const first = at - row * cells - column;
      let sum = 0;
      let count = 0;
      for (let y = Math.max(0, row - reach); y <= Math.min(cells - 1, row + reach); y++) {
        for (let x = Math.max(0, column - reach); x <= Math.min(cells - 1, column + reach); x++) {
          sum += field[first + y * cells + x] as number;
          count++;
        }
      }
      return sum / count;
    });
  }
}

/** Evenly spaced images of a kind. */
function someOf(of: readonly number[], kind: number, kindCount: number): number[] {
  const most = Math.max(
    LEAST_OF_A_KIND,
    Math.min(MOST_OF_A_KIND, Math.floor(MOST_OF_ALL / kindCount)),
  );
  const own = of.flatMap((its, index) => (its === kind ? [index] : []));
  return evenly(own, most);
}

/** A row for a kind that lies freely: never read, but harmless. */
function nothing(cells: number, taps: number, none: Tensor<'float32'>): Expected {
  const ones = (width: number) => new Float32Array(width).fill(1);
  const area = cells ** 2;
  return {
    energy: ones(taps * area),
    mean: ones(area),
    deviation: ones(area),
    components: none.data.slice(),
  };
}

function withPrototypes(
  values: ParameterValues,
  prototypes: readonly Float32Array[],
): ParameterValues {
  const width = prototypes[0]?.length ?? 0;
  return new Map(values).set(
    EXPECTED.prototypes,
    tensor('float32', [prototypes.length, width], joined(prototypes)),
  );
}

/** The current expectation of a kind. */
function before(values: ParameterValues, kind: number, none: Tensor<'float32'>): Expected {
  const row = (name: string) => rowsOf(values, name)[kind] as Float32Array;
  return {
    energy: row(EXPECTED.energy),
    mean: row(EXPECTED.mean),
    deviation: row(EXPECTED.deviation),
    components: componentsBefore(values, kind, none),
  };
}

/** @param none zeros in the new shape; surplus components are dropped */
function componentsBefore(values: ParameterValues, kind: number, none: Tensor<'float32'>) {
  const components = none.data.slice();
  if (values.has(EXPECTED.components)) {
    const known = rowsOf(values, EXPECTED.components)[kind] as Float32Array;
    components.set(known.subarray(0, components.length));
  }
  return components;
}

const numbersOf = (value: Tensor | undefined) => (value as Tensor<'float32'>).data;
