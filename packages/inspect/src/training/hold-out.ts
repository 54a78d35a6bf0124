import { fail } from '@bigrid/errors';
import { Random } from '@bigrid/method';
import { formatRule, leastScores, takesDefects } from '../bundle/threshold-rules.ts';
import { rulesIn, type ThresholdRules } from '../calibration/calibration.ts';
import { type Fingerprint, groupNearDuplicates } from '../fingerprint.ts';
import type { ImageEntry } from '../ports.ts';

/** Good images of one product. */
export interface TrainingClass {
  readonly name: string;
  readonly entries: readonly ImageEntry[];
}

/** An image that was read. */
interface Read {
  readonly entry: ImageEntry;
  readonly fingerprint: Fingerprint;
}

/** What one model learns, and what is then scored with it: indices of images. */
export interface Fold {
  /** Ascending. */
  readonly training: readonly number[];
  readonly heldOut: readonly number[];
}

export interface Folds {
  /** The first is that of the model itself; the others are learnt only to score what they hold out. At least one. */
  readonly folds: readonly Fold[];
  /** The group of near-duplicates of each image: the index of the first of its group. */
  readonly groups: readonly number[];
  /**
   * Whether no group could be left out as a whole, since all images look like frames of one part: then what is held
   * out has near-duplicates among what is learnt, and its scores promise nothing.
   */
  readonly areNearDuplicates: boolean;
}

/** Share of a class that a fold holds out where that is enough to set a threshold by, and into how many folds it goes at most. */
const HELD_OUT_SHARE = 0.1;
const MOST_FOLDS = 5;
/** Share of an update's new images that sets the threshold, with old ones. */
const NEW_HELD_OUT_SHARE = 0.25;
const MOST_HELD_OUT = 200;
/** Groups of near-duplicates to set a threshold by, where there are as many: about 1 in 21 false positives. */
const WANTED_GROUPS = 20;
/** Share of those wanted that is enough: one pair of near-duplicates is not worth another training. */
const ENOUGH = 0.95;
export const LEAST_IMAGES = 4;

/**
 * The classes with the images that training reads: of a large class a sample, drawn by seed.
 * @param most images of one class that the steps have time for; those to hold out come on top
 */
export function sampled(
  classes: readonly TrainingClass[],
  most: number,
  seed: number,
): readonly TrainingClass[] {
  return classes.map(({ name, entries }) => {
    if (entries.length <= most + MOST_HELD_OUT) return { name, entries };
    const order = new Random(seed).fork(`sample ${name}`).permutation(entries.length);
    const drawn = new Set(order.slice(0, most + MOST_HELD_OUT));
    return { name, entries: entries.filter((_, at) => drawn.has(at)) };
  });
}

export interface HoldOutInput {
  readonly classes: readonly TrainingClass[];
  /** All that could be read. */
  readonly images: readonly Read[];
  readonly seed: number;
  /** Groups to set the threshold by: {@link wantedGroups}. */
  readonly wanted: number;
  /** Indices of images that the model has learnt before: they and their near-duplicates are not held out. Default: none. */
  readonly known?: readonly number[];
}

/**
 * Holds out a tenth of each class, drawn by seed, near-duplicates together: were one learnt and the other held out, its
 * score would be too low for a threshold. Where that leaves too few groups of near-duplicates to set the threshold by,
 * a fold holds out up to a fifth, and as many folds as it takes hold out others in turn (cross-fitting).
 * @throws DATA_TOO_FEW
 */
export function holdOut(input: HoldOutInput): Folds {
  const { classes, images, seed, wanted, known = [] } = input;
  const indices = new Map(images.map(({ entry }, index) => [entry, index]));
  const groups = groupNearDuplicates(images.map(({ fingerprint }) => fingerprint));
  const drawnByClass = classes.map(({ name, entries }) => {
    const drawn = new Random(seed)
      .fork(`split ${name}`)
      .permutation(entries.length)
      .flatMap((at) => indices.get(entries[at] as ImageEntry) ?? []);
    if (drawn.length < LEAST_IMAGES) tooFew(drawn.length, name);
    return drawn;
  });
  const wantedEach = Math.ceil(wanted / classes.length);
  const learntGroups = new Set(known.map((index) => groups[index]));
  const parts = drawnByClass.map((drawn) => {
    const together = [...Map.groupBy(drawn, (index) => groups[index] as number)];
    const unlearnt = together.flatMap(([group, own]) => (learntGroups.has(group) ? [] : [own]));
    return foldsOfClass(unlearnt, drawn.length, wantedEach);
  });
  const count = Math.max(...parts.map(({ length }) => length));
  const areNearDuplicates = count === 0;
  const heldOut = areNearDuplicates
    ? [drawnByClass.flatMap((drawn) => drawn.slice(0, mostHeldOut(drawn.length)))]
    : Array.from({ length: count }, (_, fold) => parts.flatMap((own) => own[fold] ?? []));
  const all = images.map((_, index) => index);
  const folds = heldOut.map((own): Fold => {
    const isHeldOut = new Set(own);
    return {
      training: all.filter((index) => !isHeldOut.has(index)),
      heldOut: all.filter((index) => isHeldOut.has(index)),
    };
  });
  return { folds, groups, areNearDuplicates };
}

/**
 * Images of one class to hold out in turn: groups as they are drawn; those that are too large to be held out with others
 * come last, and alone, the smallest first.
 * @param groups indices of images, those of near-duplicates together
 * @param count of the images of the class
 */
function foldsOfClass(
  groups: readonly (readonly number[])[],
  count: number,
  wanted: number,
): number[][] {
  const most = Math.ceil(count / MOST_FOLDS);
  const folds: number[][] = [];
  let rest = groups;
  let scored = 0;
  while (scored < ENOUGH * wanted && rest.length > 0) {
    const fold = drawGroups(rest, mostHeldOut(count), most, wanted - scored);
    const smallest = rest.toSorted((a, b) => a.length - b.length)[0] as readonly number[];
    if (fold.length === 0) fold.push(smallest);
    const heldOut = fold.flat();
    if (count - heldOut.length < LEAST_IMAGES - 1) break;
    folds.push(heldOut);
    scored += fold.length;
    rest = rest.filter((group) => !fold.includes(group));
  }
  return folds;
}

export interface NewHoldOutInput {
  /** All that could be read, old ones too. */
  readonly images: readonly Read[];
  readonly isNew: (entry: ImageEntry) => boolean;
  /** New images that were learnt before: they are never held out, for their scores are too low for that. */
  readonly known: ReadonlySet<ImageEntry>;
  readonly random: Random;
}

/** Holds out a quarter of the new images of an update, near-duplicates together; fewer than four are too few to share. */
export function holdOutNew({ images, isNew, known, random }: NewHoldOutInput): Fold {
  const all = [...images.keys()];
  const entryAt = (index: number) => (images[index] as Read).entry;
  const fresh = all.filter((index) => isNew(entryAt(index)));
  const most = Math.floor(fresh.length * NEW_HELD_OUT_SHARE);
  const drawn = random
    .fork('split')
    .permutation(fresh.length)
    .map((at) => fresh[at] as number)
    .filter((index) => !known.has(entryAt(index)));
  const groups = groupNearDuplicates(drawn.map((index) => (images[index] as Read).fingerprint));
  const together = [...Map.groupBy(drawn.keys(), (at) => groups[at]).values()];
  const heldOut = drawGroups(together, most, most, 0)
    .flat()
    .map((at) => drawn[at] as number);
  return { training: all.filter((index) => !heldOut.includes(index)), heldOut };
}

/** Groups in their order, each that fits: up to `usual` images in all, and beyond that up to `most` for `wanted` groups. */
function drawGroups(
  groups: readonly (readonly number[])[],
  usual: number,
  most: number,
  wanted: number,
): (readonly number[])[] {
  const chosen: (readonly number[])[] = [];
  let images = 0;
  for (const group of groups) {
    const room = chosen.length < wanted ? most : usual;
    if (images + group.length > room) continue;
    chosen.push(group);
    images += group.length;
  }
  return chosen;
}

export function tooFew(count: number, where = 'the training folder'): never {
  return fail(
    'DATA_TOO_FEW',
    `Expected at least ${LEAST_IMAGES} readable good images in ${where} but received ${count}`,
  );
}

/** The name of the class of each of some images. */
export function classesOf(
  classes: readonly TrainingClass[],
  entries: readonly ImageEntry[],
): string[] {
  const classOf = new Map(
    classes.flatMap(({ name, entries }) => entries.map((entry) => [entry, name] as const)),
  );
  return entries.map((entry) => classOf.get(entry) as string);
}

/** How many of a class's images are held out where that is enough. */
export function mostHeldOut(images: number): number {
  return Math.min(MOST_HELD_OUT, Math.max(1, Math.round(images * HELD_OUT_SHARE)));
}

/** How many groups of near-duplicates a threshold should rest on, where there are as many. @throws OPTION_INVALID */
export function wantedGroups(rules: ThresholdRules | undefined): number {
  return Math.max(
    WANTED_GROUPS,
    ...rulesIn(rules ?? {}).map((rule) => Math.ceil(leastScores(rule) / ENOUGH)),
  );
}

/**
 * Refuses rules that the scores cannot support: better before training than after it.
 * @param groups of near-duplicates that are scored, in `images`
 * @throws OPTION_INVALID, THRESHOLD_UNSUPPORTED
 */
export function checkRules(
  rules: ThresholdRules | undefined,
  groups: number,
  images: number,
): void {
  for (const rule of rulesIn(rules ?? {})) {
    if (takesDefects(rule)) {
      const received = formatRule(rule);
      fail(
        'THRESHOLD_UNSUPPORTED',
        `Expected a threshold that good images suffice for but received ${received}, which takes labelled defects: train without it, then calibrate with labelled defects`,
      );
    }
    const least = leastScores(rule);
    if (least > 1 && groups < least) {
      fail(
        'THRESHOLD_UNSUPPORTED',
        `Expected at least ${least} normal images of different parts for the threshold ${formatRule(rule)} but received ${groups === images ? groups : `${images} of ${groups}`}`,
      );
    }
  }
}
