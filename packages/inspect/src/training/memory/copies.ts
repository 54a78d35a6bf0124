import type { Image, OpenScratch } from '../../ports.ts';
import { evenly } from '../evenly.ts';
import { type Extraction, extractFeatures, type ReadImage } from '../feature-extraction.ts';
import type { TrainingPlan } from '../plan.ts';
import type { Resizer } from '../resizer.ts';
import { recompressed } from './recompressed.ts';
import { type TurnedEntry, turnedEntry, withGamma } from './turned.ts';

/** Copies of images, changed before their features were extracted. */
export interface Copies {
  readonly extraction: Extraction;
  /** The copies of each image, by its index. */
  readonly of: ReadonlyMap<number, readonly number[]>;
}

/** Images and turned copies wanted of a product that lies freely, and the most of each image. */
const WANTED = 480;
const MOST_OF_AN_IMAGE = 32;
/** Images that are copied in other light and compression. */
const MOST_CHANGED = 40;
/** What evening out the light leaves: exposures differ in more than a gain, and files in their compression. */
const CHANGES = [
  (image: Image) => withGamma(image, 0.87),
  (image: Image) => withGamma(image, 1.15),
  recompressed,
];

/**
 * Copies of images, each at other angles, if these are few.
 * @returns undefined if none is wanted
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function turnedCopies(
  plan: TrainingPlan,
  extraction: Extraction,
  images: readonly number[],
  resizer: Resizer,
): Promise<Copies | undefined> {
  const each = Math.min(MOST_OF_AN_IMAGE, Math.floor(WANTED / images.length));
  // An ignored area lies still: it cannot be turned with the image.
  const turnable = images.filter((at) => {
    const { entry } = extraction.images[at] as ReadImage;
    return entry.ignored === undefined && plan.ignored === undefined;
  });
  return copiesOf(plan, extraction, turnable, (entry) =>
    Array.from({ length: Math.max(0, each - 1) }, (_, copy) =>
      turnedEntry(entry, (360 * (copy + 1)) / each, resizer),
    ),
  );
}

/**
 * Copies of a few images in other light and compression.
 * @throws CANCELLED, ENGINE_FAILED
 */
export function changedCopies(
  plan: TrainingPlan,
  extraction: Extraction,
  images: readonly number[],
  resizer: Resizer,
): Promise<Copies | undefined> {
  return copiesOf(plan, extraction, evenly(images, MOST_CHANGED), (entry) =>
    CHANGES.map((change) => turnedEntry(entry, 0, resizer, change)),
  );
}

async function copiesOf(
  plan: TrainingPlan,
  extraction: Extraction,
  images: readonly number[],
  make: (entry: ReadImage['entry']) => TurnedEntry[],
): Promise<Copies | undefined> {
  const wanted = images.flatMap((image) =>
    make((extraction.images[image] as ReadImage).entry).map((entry) => ({ image, entry })),
  );
  if (wanted.length === 0) return undefined;
  const copies = await extractCopies(
    plan,
    wanted.map(({ entry }) => entry),
  );
  const imageOf = new Map(wanted.map(({ entry, image }) => [entry, image]));
  const of = new Map<number, number[]>();
  for (const [copy, { entry }] of copies.images.entries()) {
    const image = imageOf.get(entry as TurnedEntry) as number;
    of.set(image, [...(of.get(image) ?? []), copy]);
  }
  return { extraction: copies, of };
}

/** A resumed training makes them again: they are quick, and its checkpoint is about the images themselves. */
export function extractCopies(
  { imageEngine, backbone, method, light, onEvent, signal, ...ports }: TrainingPlan,
  entries: readonly TurnedEntry[],
): Promise<Extraction> {
  const openScratch: OpenScratch = (blockBytes) => ports.openScratch(blockBytes);
  return extractFeatures({
    imageEngine,
    backbone,
    openScratch,
    method,
    light,
    onEvent,
    signal,
    entries,
  });
}
