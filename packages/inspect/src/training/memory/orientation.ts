import { onlyRestores, Random } from '@bigrid/method';
import { evenly } from '../evenly.ts';
import { type Extraction, featuresOf, imagesAt } from '../feature-extraction.ts';
import type { TrainingClass } from '../hold-out.ts';
import type { TrainingPlan } from '../plan.ts';
import { Resizer } from '../resizer.ts';
import { type Copies, changedCopies, extractCopies, turnedCopies } from './copies.ts';
import { type MemoryBlock, openReader, remember } from './memory.ts';
import { type TurnedEntry, turnedEntry } from './turned.ts';

/** Images that lie freely, and copies of them. */
export interface FreeImages {
  /** Names of their classes. */
  readonly classes: readonly string[];
  readonly images: ReadonlySet<number>;
  /** At other angles; undefined if there are none. */
  readonly turned?: Copies | undefined;
  /** In other light and compression. */
  readonly changed?: Copies | undefined;
}

/**
 * A product lies freely if an eighth of the turned images are about as normal as before: if the distance to the cells of other
 * images, squared, grows by less than this factor. Not all need to be: with few images, chance lets some lie as another one does,
 * and these are less normal once turned. Measured: at most .99 for screws turned at any angle, 1.17 and more for products that lie
 * still, with either family of networks (docs/lab-notes/2026-11-28-does-it-lie-still.md).
 */
const FREE_BELOW = 1.08;
const SHARE_AS_NORMAL = 1 / 8;
/** Cells of an image whose mean distance counts: the furthest. */
const FURTHEST = 20;
/** Images that are turned and images that they are compared with. */
const MOST_PROBES = 30;
const MOST_OTHERS = 60;
/** Images of different parts that are needed to compare any. */
const LEAST_PARTS = 4;
const SMALL_MEMORY = { entries: 1024, candidates: 8000, groups: 64, sample: 4000 };
/**
 * Finds the classes that lie freely, and makes copies of their images.
 * @param groups the group of near-duplicates of each image
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function findFreeImages(
  plan: TrainingPlan,
  extraction: Extraction,
  groups: readonly number[],
): Promise<FreeImages> {
  const { method, engine, classes } = plan;
  const { orientation = 'fixed', expectation, tiles } = method;
  const canRemember = onlyRestores(method) && expectation !== 'none' && tiles === undefined;
  if (orientation === 'fixed' || !canRemember) return { classes: [], images: new Set() };
  const resizer = await Resizer.open(engine, method);
  const names: string[] = [];
  const images: number[] = [];
  try {
    for (const one of classes) {
      const own = indicesOf(one, extraction);
      const isFree =
        orientation === 'free' || (await liesFreely(plan, extraction, own, groups, resizer));
      if (!isFree) continue;
      names.push(one.name);
      images.push(...own);
    }
    if (images.length === 0) return { classes: names, images: new Set() };
    const turned = await turnedCopies(plan, extraction, images, resizer);
    try {
      const changed = await changedCopies(plan, extraction, images, resizer);
      return { classes: names, images: new Set(images), turned, changed };
    } catch (error) {
      await turned?.extraction.scratch.dispose();
      throw error;
    }
  } finally {
    await resizer.dispose();
  }
}

/** The blocks of images, with those of their copies if given. */
export function blocksOf(
  extraction: Extraction,
  indices: readonly number[],
  copies?: Copies,
): MemoryBlock[] {
  return indices.flatMap((image) => [
    { scratch: extraction.scratch, index: image, image },
    ...copyBlocks(copies, image),
  ]);
}

/** The blocks of an image's copies. */
export function copyBlocks(copies: Copies | undefined, image: number): MemoryBlock[] {
  if (!copies) return [];
  const { extraction, of } = copies;
  return (of.get(image) ?? []).map((index) => ({ scratch: extraction.scratch, index, image }));
}

async function liesFreely(
  plan: TrainingPlan,
  extraction: Extraction,
  own: readonly number[],
  groups: readonly number[],
  resizer: Resizer,
): Promise<boolean> {
  const others = evenly(own, MOST_OTHERS);
  const probes = evenly(own, MOST_PROBES);
  if (new Set(others.map((at) => groups[at])).size < LEAST_PARTS) return false;
  const { statistics } = await featuresOf(extraction, others);
  const random = new Random(plan.seed).fork('orientation');
  const quiet = { ...plan, onEvent: () => {} };
  // Near-duplicates count as one image, so that none is compared with itself.
  const partOf = (block: MemoryBlock) => ({ ...block, image: groups[block.image] as number });
  const blocks = blocksOf(extraction, others).map(partOf);
  const input = { plan: quiet, statistics, taps: extraction, blocks, random, size: SMALL_MEMORY };
  const memory = await remember(input);
  const entries = imagesAt(extraction, probes).flatMap(({ entry }) =>
    [90, 270].map((degrees) => turnedEntry(entry, degrees, resizer)),
  );
  const turns = await extractCopies(quiet, entries);
  const reader = await openReader(plan, statistics, memory.values);
  const furthest = async (block: MemoryBlock, aspect: number) => {
    const distances = await reader.distances(block, memory.imageOf);
    const inside = withinCircle(distances, plan.method.cells, aspect).sort((a, b) => b - a);
    const most = inside.slice(0, FURTHEST);
    return (most.reduce((sum, distance) => sum + distance, 0) / most.length) ** 2;
  };
  try {
    const ratios: number[] = [];
    for (const [at, { entry }] of turns.images.entries()) {
      const { aspect } = entry as TurnedEntry;
      const image = probes[Math.floor(at / 2)] as number;
      const { scratch } = extraction;
      const still = await furthest(partOf({ scratch, index: image, image }), aspect);
      const turned = await furthest(partOf({ scratch: turns.scratch, index: at, image }), aspect);
      ratios.push(turned / still);
    }
    return turnsAreNormal(ratios);
  } finally {
    await reader.dispose();
    await turns.scratch.dispose();
  }
}

/**
 * Whether turned images are as normal as before.
 * @param ratios of squared distances, turned over as it is, one per turned image
 */
export function turnsAreNormal(ratios: readonly number[]): boolean {
  const asNormal = ratios.filter((ratio) => ratio < FREE_BELOW);
  return asNormal.length >= SHARE_AS_NORMAL * ratios.length;
}

/** Values of the cells that a turn leaves within the image: those in the largest circle around its centre. */
function withinCircle(values: Float32Array, cells: number, aspect: number): number[] {
  const radius = Math.min(1, aspect) / 2;
  return [...values].filter((_, cell) => {
    const x = (((cell % cells) + 0.5) / cells - 0.5) * aspect;
    const y = (Math.floor(cell / cells) + 0.5) / cells - 0.5;
    return Math.hypot(x, y) <= radius;
  });
}

function indicesOf({ entries }: TrainingClass, { images }: Extraction): number[] {
  const own = new Set(entries);
  return images.flatMap(({ entry }, at) => (own.has(entry) ? [at] : []));
}
