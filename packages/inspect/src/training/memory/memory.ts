import { float32, type Tensor, toModel, zeros } from '@bigrid/graph';
import {
  channelWeights,
  type FeatureStatistics,
  MEMORY,
  memoryReader,
  type ParameterValues,
  type Random,
  type Taps,
} from '@bigrid/method';
import { progressOf } from '../../events.ts';
import type { Scratch } from '../../ports.ts';
import { checkCancelled } from '../../work.ts';
import type { Plan } from '../plan.ts';
import { joined, split } from '../rows.ts';
import { kCentre } from './k-centre.ts';
import { kMeans } from './k-means.ts';
import { metricOf, steadied } from './metric.ts';

/** The features of an image, or of a turned copy of it. */
export interface MemoryBlock {
  readonly scratch: Scratch;
  /** Its block in the scratch. */
  readonly index: number;
  /** The image: a cell is not compared with others of its own image when good images are measured. */
  readonly image: number;
  /** Weight of each cell; those of weight 0 are not remembered. Default: all count. */
  readonly cellWeights?: Float32Array | undefined;
}

/** An image, and copies in which nothing has moved. */
interface Change {
  readonly original: MemoryBlock;
  readonly copies: readonly MemoryBlock[];
}

export interface MemoryInput {
  readonly plan: Pick<Plan, 'engine' | 'method' | 'onEvent' | 'signal'>;
  readonly statistics: FeatureStatistics;
  readonly taps: Taps;
  readonly blocks: readonly MemoryBlock[];
  /** Images with copies in other light and compression. Default: none. */
  readonly changes?: readonly Change[];
  readonly random: Random;
  readonly size: MemorySize;
  /** The memory to add to, of an earlier training. */
  readonly known?: ParameterValues | undefined;
}

/** How much is remembered: docs/lab-notes/2026-11-27-products-that-lie-freely.md compares sizes. */
export interface MemorySize {
  readonly entries: number;
  /** Cells that the entries are chosen from. */
  readonly candidates: number;
  /** Means of groups of cells that are compared first. */
  readonly groups: number;
  /** Cells that the space and the groups are found from. */
  readonly sample: number;
}

export const WHOLE_MEMORY: MemorySize = {
  entries: 8192,
  candidates: 60_000,
  groups: 256,
  sample: 10_000,
};

/** The elements of a cell that are compared with the means of groups, and by which entries are chosen. */
const FIRST_ELEMENTS = 64;
/** Images that the sample of cells is taken from. */
const SAMPLE_BLOCKS = 50;

/** A memory, and which image each of its entries is from: -1 if from an earlier training. */
export interface Memory {
  /** The tensors of {@link MEMORY} but `kinds`. */
  readonly values: ParameterValues;
  readonly imageOf: readonly number[];
}

/**
 * Chooses the cells to remember. Candidates are drawn with probability in proportion to their squared distance from the
 * nearest mean of a group, so that background does not crowd out rare cells; of these k-centre keeps a few thousand.
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function remember(input: MemoryInput): Promise<Memory> {
  const { known, size } = input;
  const values: ParameterValues = new Map();
  for (const name of [MEMORY.metric, MEMORY.coarse]) {
    const value = known?.get(name);
    if (value) values.set(name, value);
  }
  if (values.size < 2) await findSpace(input, values);
  const candidates = await drawCandidates(input, values);
  const width = (values.get(MEMORY.metric) as Tensor).shape[0] as number;
  const old = known?.get(MEMORY.entries);
  const all = [
    ...(old ? split(old.data, width).map((cell) => ({ cell, image: -1 })) : []),
    ...candidates,
  ];
  const firstWidth = Math.min(width, FIRST_ELEMENTS);
  const first = joined(all.map(({ cell }) => cell.subarray(0, firstWidth)));
  const chosen = await kCentre(input.plan.engine, { data: first, width: firstWidth }, size.entries);
  const kept = chosen.map((at) => all[at] as Candidate);
  const entries = joined(kept.map(({ cell }) => cell));
  values.set(MEMORY.entries, float32([kept.length, width], entries));
  return { values, imageOf: kept.map(({ image }) => image) };
}

/** Mean, standard deviation and mean square of the distance of good cells to the entries of other images. */
export async function measureMemory(
  { plan, statistics }: Pick<MemoryInput, 'plan' | 'statistics'>,
  { values, imageOf }: Memory,
  blocks: readonly MemoryBlock[],
): Promise<readonly [mean: number, deviation: number, meanSquare: number]> {
  let [count, sum, squares] = [0, 0, 0];
  const reader = await openReader(plan, statistics, values);
  try {
    for (const block of blocks) {
      const distances = await reader.distances(block, imageOf);
      distances.forEach((distance, cell) => {
        if (block.cellWeights?.[cell] === 0) return;
        count++;
        sum += distance;
        squares += distance ** 2;
      });
    }
  } finally {
    await reader.dispose();
  }
  const [mean, meanSquare] = [sum / Math.max(1, count), squares / Math.max(1, count)];
  return [mean, Math.sqrt(Math.max(0, meanSquare - mean ** 2)), Math.max(1e-12, meanSquare)];
}

interface Candidate {
  readonly cell: Float32Array;
  readonly image: number;
}

/** Added to the squared distance of an entry that must not be found. */
const EXCLUDED = 1e6;

/** Reads blocks by the memory: its candidates as long as it has no entries, distances once it has. */
export async function openReader(
  { engine, method, signal }: Pick<Plan, 'engine' | 'method' | 'signal'>,
  statistics: FeatureStatistics,
  values: ParameterValues,
) {
  const session = await engine.load(toModel(memoryReader(method, statistics, values)));
  const shape = [1, statistics.mean.length, method.cells, method.cells];
  const features = zeros('float16', shape);
  const read = async ({ scratch, index }: MemoryBlock, more = {}) => {
    checkCancelled(signal);
    await scratch.read(index, new Uint8Array(features.data.buffer));
    return session.run({ features, ...more });
  };
  const numbers = (value: Tensor | undefined) => (value as Tensor<'float32'>).data;
  return {
    /** Cells in the space of the memory, and the distance of each to the nearest mean of a group. */
    async cells(block: MemoryBlock) {
      const { cells, toMeans } = await read(block);
      return { cells: numbers(cells), toMeans: numbers(toMeans) };
    },
    /** Distance of each cell to the nearest entry of another image. */
    async distances(block: MemoryBlock, imageOf: readonly number[]) {
      const excluded = float32(
        [1, imageOf.length],
        imageOf.map((image) => (image === block.image ? EXCLUDED : 0)),
      );
      const { distance } = await read(block, { excluded });
      return numbers(distance);
    },
    dispose: () => session.dispose(),
  };
}

/** Finds the metric and the means of groups from a sample of cells. */
async function findSpace(input: MemoryInput, values: ParameterValues): Promise<void> {
  const { plan, statistics, taps, blocks, random, size } = input;
  const channels = statistics.mean.length;
  const cells = await sampleCells({ plan, statistics, blocks, random }, size.sample);
  const sample = split(cells, channels);
  const principal = await metricOf(cells, taps, channelWeights(statistics.deviation, taps));
  const changes = input.changes?.filter(({ copies }) => copies.length > 0) ?? [];
  const metric =
    changes.length === 0
      ? principal
      : await steadied(principal, cells, await sampleChanges(input, changes));
  values.set(MEMORY.metric, metric);
  const width = Math.min(channels, FIRST_ELEMENTS);
  const first = new Float32Array(sample.length * width);
  sample.forEach((row, at) => {
    for (let element = 0; element < width; element++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) {
        sum += (metric.data[element * channels + channel] as number) * (row[channel] as number);
      }
      first[at * width + element] = sum;
    }
  });
  const means = kMeans({ data: first, width }, size.groups, random);
  values.set(MEMORY.coarse, float32([means.length / width, width], means));
}

/** Standardised features of cells drawn from a few blocks: [count * channels], for example of `count` about 10,000. */
export async function sampleCells(
  input: Pick<MemoryInput, 'plan' | 'statistics' | 'blocks' | 'random'>,
  count: number,
): Promise<Float32Array> {
  const { blocks, random } = input;
  const chosen = random.permutation(blocks.length).slice(0, SAMPLE_BLOCKS);
  const each = Math.ceil(count / chosen.length);
  const sample: Float32Array[] = [];
  const reader = await openFeatures(input);
  try {
    for (const at of chosen) {
      const rows = await reader.rows(blocks[at] as MemoryBlock);
      for (const row of random.permutation(rows.length).slice(0, each)) {
        sample.push((rows[row] as Float32Array).slice());
      }
    }
  } finally {
    await reader.dispose();
  }
  return joined(sample);
}

/** How the standardised features of cells differ between copies and originals: [count * channels]. */
async function sampleChanges(
  input: Pick<MemoryInput, 'plan' | 'statistics' | 'random' | 'size'>,
  changes: readonly Change[],
): Promise<Float32Array> {
  const { random, size } = input;
  const count = changes.reduce((sum, { copies }) => sum + copies.length, 0);
  const each = Math.ceil(size.sample / count);
  const sample: Float32Array[] = [];
  const reader = await openFeatures(input);
  try {
    for (const { original, copies } of changes) {
      const before = (await reader.rows(original)).map((row) => row.slice());
      for (const copy of copies) {
        const after = await reader.rows(copy);
        for (const cell of random.permutation(after.length).slice(0, each)) {
          const own = before[cell] as Float32Array;
          sample.push((after[cell] as Float32Array).map((value, c) => value - (own[c] as number)));
        }
      }
    }
  } finally {
    await reader.dispose();
  }
  return joined(sample);
}

/** Reads the standardised features of cells. */
async function openFeatures({ plan, statistics }: Pick<MemoryInput, 'plan' | 'statistics'>) {
  const channels = statistics.mean.length;
  const identity = new Float32Array(channels ** 2);
  for (let i = 0; i < channels; i++) identity[i * channels + i] = 1;
  const standard: ParameterValues = new Map([
    [MEMORY.metric, float32([channels, channels], identity)],
    [MEMORY.coarse, float32([1, 1], [0])],
  ]);
  const reader = await openReader(plan, statistics, standard);
  return {
    rows: async (block: MemoryBlock) => split((await reader.cells(block)).cells, channels),
    dispose: () => reader.dispose(),
  };
}

/** Draws cells without replacement, weighted by squared distance (Efraimidis & Spirakis 2006), in one pass. */
async function drawCandidates(input: MemoryInput, values: ParameterValues): Promise<Candidate[]> {
  const { plan, statistics, blocks, random, size } = input;
  const width = (values.get(MEMORY.metric) as Tensor).shape[0] as number;
  let drawn: (Candidate & { key: number })[] = [];
  const cut = () => {
    drawn = drawn.sort((a, b) => b.key - a.key).slice(0, size.candidates);
  };
  const progress = progressOf('remembering', blocks.length, plan.onEvent);
  const reader = await openReader(plan, statistics, values);
  try {
    for (const [at, block] of blocks.entries()) {
      const { cells, toMeans } = await reader.cells(block);
      const least =
        drawn.length >= size.candidates ? (drawn[size.candidates - 1]?.key ?? 0) : -Infinity;
      toMeans.forEach((distance, cell) => {
        const key = Math.log(1 - random.uniform()) / Math.max(distance ** 2, 1e-12);
        if (key <= least || block.cellWeights?.[cell] === 0) return;
        const own = cells.slice(cell * width, (cell + 1) * width);
        drawn.push({ cell: own, image: block.image, key });
      });
      if (drawn.length > 2 * size.candidates) cut();
      progress(at + 1);
    }
  } finally {
    await reader.dispose();
  }
  cut();
  return drawn;
}
