import { float32, type Tensor } from '@bigrid/graph';
import { freeKinds, MEMORY, type ParameterValues, Random } from '@bigrid/method';
import { learntCells } from '../../detection/ignored-area.ts';
import { evenly } from '../evenly.ts';
import { type ExtractedFeatures, imagesAt } from '../feature-extraction.ts';
import type { Kinds } from '../kinds.ts';
import type { FoldTraining } from '../learn.ts';
import type { Copies } from './copies.ts';
import { measureMemory, remember, WHOLE_MEMORY } from './memory.ts';
import { blocksOf, copyBlocks } from './orientation.ts';

/** Good images of a kind that are measured. */
const MOST_MEASURED = 40;

/**
 * Which kinds of image lie freely: in a training as found, in an update as before; a new kind does if all others do.
 */
export function freeOf({ plan, training, free }: FoldTraining, kinds: Kinds): boolean[] {
  const known = freeKinds(plan.start?.parameters ?? new Map());
  return kinds.prototypes.map((_, kind) => {
    if (free) return free.images.has(training[kinds.of.indexOf(kind)] as number);
    return known[kind] ?? (known.length > 0 && !known.includes(false));
  });
}

/**
 * Remembers the images of kinds that lie freely, and measures good images by it.
 * @param isFree of each kind, at least one
 * @returns the tensors of {@link MEMORY}
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function learnMemory(
  { plan, extraction, training, free }: FoldTraining,
  features: ExtractedFeatures,
  kinds: Kinds,
  isFree: readonly boolean[],
): Promise<ParameterValues> {
  const weights = learntCells(imagesAt(extraction, training), plan.ignored, plan.method);
  const places = training.flatMap((image, at) =>
    isFree[kinds.of[at] as number] ? [{ image, at, kind: kinds.of[at] as number }] : [],
  );
  const blocksAt = (of: typeof places, copies?: Copies) =>
    of.flatMap(({ image, at }) =>
      blocksOf(extraction, [image], copies).map((block) => ({
        ...block,
        cellWeights: weights?.[at],
      })),
    );
  const { statistics } = features;
  const blocks = blocksAt(places, free?.turned);
  const changes = places.map(({ image }) => ({
    original: { scratch: extraction.scratch, index: image, image },
    copies: copyBlocks(free?.changed, image),
  }));
  const known = plan.start?.parameters;
  const random = new Random(plan.seed).fork('memory');
  const size = WHOLE_MEMORY;
  const input = { plan, statistics, taps: features, blocks, changes, random, size, known };
  const memory = await remember(input);
  const rows: number[][] = [];
  for (const [kind, own] of isFree.entries()) {
    const of = places.filter((place) => place.kind === kind);
    const before = of.length === 0 ? rowOf(known, kind) : undefined;
    if (!own) rows.push([0, 0, 1, 1]);
    else
      rows.push(
        before ?? [1, ...(await measureMemory(input, memory, blocksAt(evenly(of, MOST_MEASURED))))],
      );
  }
  return new Map([...memory.values, [MEMORY.kinds, float32([rows.length, 4], rows.flat())]]);
}

function rowOf(known: ParameterValues | undefined, kind: number): number[] | undefined {
  const { data } = (known?.get(MEMORY.kinds) ?? { data: [] }) as Pick<Tensor<'float32'>, 'data'>;
  const row = [...data.slice(4 * kind, 4 * kind + 4)];
  return row.length === 4 ? row : undefined;
}
