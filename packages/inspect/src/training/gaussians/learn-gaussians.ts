import { float32, type Graph, type Tensor, toModel, zeros } from '@bigrid/graph';
import {
  channelWeights,
  freeKinds,
  GAUSSIANS,
  gaussianMeter,
  gaussianSums,
  type ParameterValues,
  placesAlong,
  Random,
} from '@bigrid/method';
import { learntCells } from '../../detection/ignored-area.ts';
import { progressOf } from '../../events.ts';
import { checkCancelled, imagesAhead, resultsInOrder } from '../../work.ts';
import { evenly } from '../evenly.ts';
import { imagesAt, type ReadImage, readBlock } from '../feature-extraction.ts';
import { type Kinds, rowsOf } from '../kinds.ts';
import type { FoldTraining, Learnt } from '../learn.ts';
import { sampleCells } from '../memory/memory.ts';
import { metricOf } from '../memory/metric.ts';
import { joined } from '../rows.ts';
import { matching, ONLY_RESTORING, ROW_SIZE } from './matching.ts';
import { PlaceSums, stacked } from './place-sums.ts';

/** Dimensions of the space of the Gaussians: docs/lab-notes/2026-11-27-two-grids.md compares fewer and more. */
const MOST_DIMENSIONS = 96;
const MOST_PLACES_ALONG = 16;
/** Numbers in the covariances of all kinds together, a byte for two of them: with more kinds, each has fewer places. */
const MOST_NUMBERS = 10_000_000;
/** Cells that the space is found from. */
const SAMPLE = 10_000;
const BATCH = 8;
/** Good images, held out from training, that the Gaussians are matched on. */
const MOST_MATCHED = 400;
/**
 * Share of the larger error of both grids. A map is sharpest without; a score ranks images better with a little of it:
 * docs/lab-notes/2026-11-27-two-grids.md.
 */
const SHARES = { forMap: 0, forScore: 0.15 };

/**
 * Fits the normal grid, a Gaussian at each place, to the images of kinds that lie still, and matches its distances to the errors
 * of the restoring grid on images that the fold holds out.
 * @returns the input with the tensors of {@link GAUSSIANS} among its values; unchanged if the method has no Gaussians
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function learnGaussians(fold: FoldTraining, learnt: Learnt): Promise<Learnt> {
  const { method } = fold.plan;
  const free = freeKinds(learnt.values);
  const takes = method.grids === 'gaussian+restoring' && method.expectation !== 'none';
  if (!takes || (free.length > 0 && !free.includes(false))) return learnt;
  const values: ParameterValues = new Map(learnt.values);
  for (const name of Object.values(GAUSSIANS)) values.delete(name);
  for (const [name, value] of await fit(fold, learnt)) values.set(name, value);
  for (const [name, value] of await match(fold, { ...learnt, values })) values.set(name, value);
  return { ...learnt, values };
}

/** Fits the Gaussians of every kind; an update adds the images that it has not learnt before. */
async function fit(fold: FoldTraining, learnt: Learnt): Promise<ParameterValues> {
  const { plan, extraction, training } = fold;
  const { features, kinds, values } = learnt;
  const { method, ignored, start, onEvent, isKnown } = plan;
  const images = imagesAt(extraction, training);
  const cellWeights = learntCells(images, ignored, method);
  const free = freeKinds(values);
  const before = start?.parameters.has(GAUSSIANS.means) ? start.parameters : undefined;
  const metrics = before ? rowsOf(before, GAUSSIANS.metric) : [];
  const [channels] = features.shape as [number];
  const [, knownPlaces, knownWidth] = before?.get(GAUSSIANS.means)?.shape ?? [];
  const fair = fairShare(kinds);
  const width = knownWidth ?? Math.max(1, Math.min(MOST_DIMENSIONS, channels, fair));
  const along = knownPlaces
    ? Math.sqrt(knownPlaces)
    : placesAlong(method.cells, Math.min(MOST_PLACES_ALONG, Math.floor(fair / width)));
  const onImage = progressOf('remembering', training.length, onEvent);
  let done = 0;
  const rows = [];
  for (const kind of kinds.prototypes.keys()) {
    const own = free[kind] ? [] : [...kinds.of.keys()].filter((at) => kinds.of[at] === kind);
    const known = metrics[kind];
    const metric = float32([width, channels], known ?? (await findMetric(learnt, own, width)));
    metrics[kind] = metric.data;
    const sums = new PlaceSums(along ** 2, width);
    if (before && known) sums.addFitted(before, kind);
    const fresh = own.filter((at) => !(before && isKnown((images[at] as ReadImage).digest)));
    const graph = gaussianSums(method, features.statistics, metric, along, BATCH);
    await addImages(sums, graph, { plan, features, cellWeights, own: fresh }, () =>
      onImage(++done),
    );
    rows.push(sums.fitted());
  }
  const metric = float32([metrics.length, width, channels], joined(metrics));
  return new Map([[GAUSSIANS.metric, metric], ...stacked(rows, along ** 2, width)]);
}

/** Root of the numbers that each kind may have: dimensions times places along a side. */
function fairShare({ prototypes }: Kinds): number {
  return Math.floor(Math.sqrt(MOST_NUMBERS / prototypes.length));
}

/**
 * The principal directions of good cells of a kind in each tap, as for a memory, without those of least variance.
 * @param own images of the kind
 * @returns [width * channels], zeros if there is no image
 */
async function findMetric(
  { plan, features }: Learnt,
  own: readonly number[],
  width: number,
): Promise<Float32Array> {
  const { statistics, scratch, shape } = features;
  const [channels] = shape as [number];
  if (own.length === 0) return new Float32Array(width * channels);
  const random = new Random(plan.seed).fork('gaussians');
  const blocks = own.map((index) => ({ scratch, index, image: index }));
  const sample = await sampleCells({ plan, statistics, blocks, random }, SAMPLE);
  const { data } = await metricOf(sample, features, channelWeights(statistics.deviation, features));
  return data.slice(0, width * channels);
}

interface Images extends Pick<Learnt, 'plan' | 'features'> {
  readonly cellWeights: ReturnType<typeof learntCells>;
  /** Indices of the images to add. */
  readonly own: readonly number[];
}

/** Adds images of a kind to its sums. @param graph from {@link gaussianSums} */
async function addImages(
  sums: PlaceSums,
  graph: Graph,
  { plan: { engine, method, signal }, features, cellWeights, own }: Images,
  onImage: () => void,
): Promise<void> {
  if (own.length === 0) return;
  const batch = zeros('float16', [BATCH, ...features.shape]);
  const counted = zeros('float32', [BATCH, 1, method.cells, method.cells]);
  const [block, cells] = [batch.data.byteLength / BATCH, method.cells ** 2];
  const session = await engine.load(toModel(graph));
  try {
    for (let from = 0; from < own.length; from += BATCH) {
      checkCancelled(signal);
      counted.data.fill(0);
      for (const [row, at] of own.slice(from, from + BATCH).entries()) {
        const target = new Uint8Array(batch.data.buffer, row * block, block);
        await features.scratch.read(at, target);
        const mine = counted.data.subarray(row * cells, (row + 1) * cells);
        mine.set(cellWeights?.[at]?.map((weight) => (weight > 0 ? 1 : 0)) ?? mine.fill(1));
        onImage();
      }
      sums.add(await session.run({ features: batch, counted }));
    }
  } finally {
    await session.dispose();
  }
}

/** Matches distances with errors on the held-out images of each kind; without any, as before the update. */
async function match(
  { plan, extraction, heldOut }: FoldTraining,
  { features, kinds, values }: Learnt,
): Promise<ParameterValues> {
  const { imageEngine, method, start, signal } = plan;
  const cells = kinds.prototypes.map(() => ({
    distance: [] as number[],
    forMap: [] as number[],
    forScore: [] as number[],
  }));
  const graph = gaussianMeter(method, features.statistics, features, values);
  const session = await imageEngine.load(toModel(graph));
  const chosen = evenly(heldOut, MOST_MATCHED);
  const weights = learntCells(imagesAt(extraction, chosen), plan.ignored, method);
  const measure = async (image: number) =>
    session.run({ features: await readBlock(extraction, features.shape, image) });
  try {
    let at = 0;
    const ahead = imagesAhead(imageEngine.runsAtOnce);
    for await (const measured of resultsInOrder(chosen, measure, ahead, signal)) {
      const own = weights?.[at++];
      const numbers = (name: string) => (measured[name] as Tensor<'float32'>).data;
      const [kind] = numbers('kind') as unknown as [number];
      for (const [name, list] of Object.entries(cells[kind] as (typeof cells)[number])) {
        numbers(name).forEach((value, cell) => {
          if (own?.[cell] !== 0) list.push(value);
        });
      }
    }
  } finally {
    await session.dispose();
  }
  const rowBefore = (name: string, kind: number) => {
    const known = start?.parameters.has(name) && rowsOf(start.parameters, name)[kind];
    return known ? [...known] : ONLY_RESTORING;
  };
  const tensorOf = (name: string, errors: 'forMap' | 'forScore') => {
    const rows = cells.map((own, kind) =>
      own.distance.length > 0
        ? matching(own.distance, own[errors], SHARES[errors])
        : rowBefore(name, kind),
    );
    return [name, float32([rows.length, ROW_SIZE], rows.flat())] as const;
  };
  return new Map([
    tensorOf(GAUSSIANS.joinedMap, 'forMap'),
    tensorOf(GAUSSIANS.joinedScore, 'forScore'),
  ]);
}
