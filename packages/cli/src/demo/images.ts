import { isBigridError } from '@bigrid/errors';
import {
  type Bundle,
  type Evaluation,
  type ImageEntry,
  openTestFolder,
  openTrainingFolder,
} from '@bigrid/node';
import { unlearnt } from '@bigrid/node/internal';

/** Number of heat maps per kind of defect, and of good images if there are no defects. */
const MAPS_OF_DEFECT = 2;
const MAPS_OF_GOOD = 3;
/** Maximum number of images shown if there is no evaluation. */
const MOST_SHOWN = 200;

/** An image with its label: `good`, or the name of the defect. */
export interface ShownEntry extends ImageEntry {
  readonly defect: string;
}

/** Some of each kind, evenly spread. */
export function chooseSome({ images }: Evaluation): ShownEntry[] {
  const kinds = Map.groupBy(images, ({ entry }) => `${entry.className}/${entry.defect}`);
  return [...kinds.values()].flatMap((own) => {
    const wanted = Math.min(MAPS_OF_DEFECT, own.length);
    return Array.from({ length: wanted }, (_, index) => {
      const at = Math.floor(((index + 1) * (own.length - 1)) / wanted);
      return (own[at] as (typeof own)[number]).entry;
    });
  });
}

/** Images to show if there are no labelled ones to evaluate on. */
export interface Shown {
  readonly entries: readonly ShownEntry[];
  /** Whether the model was not trained on them. */
  readonly areUnseen: boolean;
}

/** Images of a folder that the model was not trained on, such as held-out ones; otherwise those it was trained on. */
export async function imagesToShow(
  { manifest }: Bundle,
  data: string,
  s3Root: string | undefined,
): Promise<Shown> {
  const test = await openTestFolder(data, { s3Root }).catch((error: unknown) => {
    if (isBigridError(error, 'DATA_NO_TEST')) return [];
    throw error;
  });
  const good = await goodImages(data, s3Root);
  // Without a split, good images are in both.
  const once = new Map([...test, ...good].map((entry) => [entry.path, entry]));
  const unseen: ShownEntry[] = [];
  for await (const entry of unlearnt(manifest, once.values())) {
    unseen.push(entry);
    if (unseen.length === MOST_SHOWN) break;
  }
  const areUnseen = unseen.length > 0;
  return { areUnseen, entries: areUnseen ? unseen : good.slice(0, MOST_SHOWN) };
}

export function chooseFew({ entries }: Shown): readonly ShownEntry[] {
  return entries.slice(0, MAPS_OF_GOOD);
}

async function goodImages(data: string, s3Root: string | undefined): Promise<ShownEntry[]> {
  const { classes } = await openTrainingFolder(data, { s3Root });
  return classes.flatMap(({ entries }) => entries.map((entry) => ({ ...entry, defect: 'good' })));
}
