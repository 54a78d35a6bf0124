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

/** Indices of the images that one model learns, and of those that it then scores. */
export interface Fold {
  /** Ascending. */
  readonly training: readonly number[];
  readonly heldOut: readonly number[];
}

export interface Folds {
  /** At least one. The first is the model's own; the others are learnt only to score the images they hold out. */
  readonly folds: readonly Fold[];
  /** The group of near-duplicates of each image: the index of the first of its group. */
  readonly groups: readonly number[];
  /**
   * Whether no group could be held out as a whole because all images look like frames of one part. The held-out images
   * then have near-duplicates among those learnt, and their scores guarantee nothing.
   */
  readonly areNearDuplicates: boolean;
}

/** Share of a class that a fold holds out if that is enough for a threshold, and the maximum number of folds. */
const HELD_OUT_SHARE = 0.1;
const MOST_FOLDS = 5;
/** Share of the new images of an update that is held out for the threshold. */
const NEW_HELD_OUT_SHARE = 0.25;
const MOST_HELD_OUT = 200;
/** Groups of near-duplicates wanted for a threshold: 20 give about 1 false positive in 21. */
const WANTED_GROUPS = 20;
/** Share of the wanted groups that is enough: one pair of near-duplicates is not worth another fold. */
const ENOUGH = 0.95;
export const LEAST_IMAGES = 4;

/**
 * Restricts large classes to a sample drawn by seed.
 * @param most images of one class that the steps have time for; those to hold out are added to it
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
  /** All images that could be read. */
  readonly images: readonly Pick<Read, 'entry'>[];
  /** The group of near-duplicates of each image: {@link groupNearDuplicates}. */
  readonly groups: readonly number[];
  readonly seed: number;
  /** Number of groups wanted for the threshold: {@link wantedGroups}. */
  readonly wanted: number;
  /** Indices of images learnt by an earlier training: they and their near-duplicates are not held out. Default: none. */
  readonly known?: readonly number[];
}

/**
 * Holds out a tenth of each class, drawn by seed, and keeps near-duplicates together: if one were learnt and the other held
 * out, its score would be too low for a threshold. If that gives too few groups for the threshold, each fold holds out up
 * to a fifth, and further folds hold out other images in turn (cross-fitting).
 * @throws DATA_TOO_FEW
 */
export function holdOut(input: HoldOutInput): Folds {
  const { classes, images, groups, seed, wanted, known = [] } = input;
  const indices = new Map(images.map(({ entry }, index) => [entry, index]));
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
 * Images of one class to hold out in each fold: groups in the order drawn. Groups too large to share a fold come last, each
 * in a fold of its own, the smallest first.
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
  /** All images that could be read, old ones included. */
  readonly images: readonly Read[];
  readonly isNew: (entry: ImageEntry) => boolean;
  /** New images that the model was already trained on: their scores are too low to be held out. */
  readonly known: ReadonlySet<ImageEntry>;
  /** Whether they show a product that lies freely. */
  readonly lieFreely: boolean;
  readonly random: Random;
}

/** Holds out a quarter of the new images of an update, near-duplicates together; none of fewer than four. */
export function holdOutNew(input: NewHoldOutInput): Fold {
  const { images, isNew, known, lieFreely, random } = input;
  const all = [...images.keys()];
  const entryAt = (index: number) => (images[index] as Read).entry;
  const fresh = all.filter((index) => isNew(entryAt(index)));
  const most = Math.floor(fresh.length * NEW_HELD_OUT_SHARE);
  const drawn = random
    .fork('split')
    .permutation(fresh.length)
    .map((at) => fresh[at] as number)
    .filter((index) => !known.has(entryAt(index)));
  const prints = drawn.map((index) => (images[index] as Read).fingerprint);
  const groups = groupNearDuplicates(prints, () => lieFreely);
  const together = [...Map.groupBy(drawn.keys(), (at) => groups[at]).values()];
  const heldOut = drawGroups(together, most, most, 0)
    .flat()
    .map((at) => drawn[at] as number);
  return { training: all.filter((index) => !heldOut.includes(index)), heldOut };
}

/** Takes groups in order while they fit: up to `usual` images, or up to `most` until there are `wanted` groups. */
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

/** The class name of each image. */
export function classesOf(
  classes: readonly TrainingClass[],
  entries: readonly ImageEntry[],
): string[] {
  const classOf = new Map(
    classes.flatMap(({ name, entries }) => entries.map((entry) => [entry, name] as const)),
  );
  return entries.map((entry) => classOf.get(entry) as string);
}

/** Number of images of a class that are held out if that is enough for a threshold. */
export function mostHeldOut(images: number): number {
  return Math.min(MOST_HELD_OUT, Math.max(1, Math.round(images * HELD_OUT_SHARE)));
}

/** Number of groups of near-duplicates that the thresholds should rest on. @throws OPTION_INVALID */
export function wantedGroups(rules: ThresholdRules | undefined): number {
  return Math.max(
    WANTED_GROUPS,
    ...rulesIn(rules ?? {}).map((rule) => Math.ceil(leastScores(rule) / ENOUGH)),
  );
}

/**
 * Refuses rules that the scores will not support, before training rather than after.
 * @param groups number of groups of near-duplicates among the scored images
 * @param images number of scored images
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
