import { fail } from '@bigrid/errors';
import { Random } from '@bigrid/method';
import { formatRule, leastScores, parseRule, takesDefects } from '../bundle/threshold-rules.ts';
import type { ThresholdRules } from '../calibration/calibration.ts';
import type { PictureEntry } from '../ports.ts';
import { type Fingerprint, groupNearDuplicates } from './fingerprint.ts';

/** Good pictures of one product. */
export interface TrainingClass {
  readonly name: string;
  readonly entries: readonly PictureEntry[];
}

/** Share of the good pictures that training never sees: they set the threshold. */
const HELD_OUT_SHARE = 0.1;
export const LEAST_PICTURES = 4;
const MOST_HELD_OUT = 200;

/**
 * The classes with the pictures that training reads: of a large class a sample, drawn by seed.
 * @param most pictures of one class that the steps have time for; those to hold out come on top
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

/**
 * Holds out a share of each class's pictures, drawn by seed. Near-duplicates stay together: were one learnt from and
 * the other held out, its score would be too low for a threshold.
 * @param pictures all that could be read
 * @returns indices of pictures, ascending
 * @throws DATA_TOO_FEW
 */
export function holdOut(
  classes: readonly TrainingClass[],
  pictures: readonly { readonly entry: PictureEntry; readonly fingerprint: Fingerprint }[],
  seed: number,
): { training: number[]; heldOut: number[] } {
  const indices = new Map(pictures.map(({ entry }, index) => [entry, index]));
  const heldOut = new Set<number>();
  for (const { name, entries } of classes) {
    const own = entries.flatMap((entry) => indices.get(entry) ?? []);
    if (own.length < LEAST_PICTURES) tooFew(own.length, name);
    const drawn = new Random(seed)
      .fork(`split ${name}`)
      .permutation(entries.length)
      .flatMap((at) => indices.get(entries[at] as PictureEntry) ?? []);
    for (const index of drawTogether(drawn, pictures, mostHeldOut(own.length))) {
      heldOut.add(index);
    }
  }
  const all = pictures.map((_, index) => index);
  return {
    training: all.filter((index) => !heldOut.has(index)),
    heldOut: all.filter((index) => heldOut.has(index)),
  };
}

/**
 * Groups of near-duplicates in the order drawn, each that leaves no more than `most`.
 * @param drawn indices of pictures
 */
export function drawTogether(
  drawn: readonly number[],
  pictures: readonly { readonly fingerprint: Fingerprint }[],
  most: number,
): number[] {
  const groups = groupNearDuplicates(
    drawn.map((index) => (pictures[index] as { fingerprint: Fingerprint }).fingerprint),
  );
  const chosen: number[] = [];
  for (const members of Map.groupBy(drawn.keys(), (at) => groups[at]).values()) {
    if (chosen.length + members.length > most) continue;
    chosen.push(...members.map((at) => drawn[at] as number));
  }
  // Groups larger than the share: a threshold from pictures that have duplicates is better than none.
  return chosen.length > 0 ? chosen : drawn.slice(0, most);
}

export function tooFew(count: number, where = 'the training folder'): never {
  return fail(
    'DATA_TOO_FEW',
    `Expected at least ${LEAST_PICTURES} readable good pictures in ${where} but received ${count}`,
  );
}

/** The name of the class of each of some pictures. */
export function classesOf(
  classes: readonly TrainingClass[],
  entries: readonly PictureEntry[],
): string[] {
  const classOf = new Map(
    classes.flatMap(({ name, entries }) => entries.map((entry) => [entry, name] as const)),
  );
  return entries.map((entry) => classOf.get(entry) as string);
}

/** How many of a class's pictures are held out at most. */
export function mostHeldOut(pictures: number): number {
  return Math.min(MOST_HELD_OUT, Math.max(1, Math.round(pictures * HELD_OUT_SHARE)));
}

/**
 * Refuses rules that the pictures held out cannot keep: better before training than after it.
 * @param heldOut how many there are, of `pictures`
 * @throws OPTION_INVALID, THRESHOLD_UNSUPPORTED
 */
export function checkRules(
  rules: ThresholdRules | undefined,
  heldOut: number,
  pictures: number,
): void {
  for (const text of [rules?.threshold, rules?.unsure]) {
    if (text === undefined || text === 'none') continue;
    const rule = parseRule(text);
    if (takesDefects(rule)) {
      const received = formatRule(rule);
      fail(
        'THRESHOLD_UNSUPPORTED',
        `Expected a threshold that good pictures suffice for but received ${received}, which takes labelled defects: train without it, then run \`bigrid calibrate FILE DIR --threshold ${received}\``,
      );
    }
    const least = leastScores(rule);
    if (least > 1 && heldOut < least) {
      const wanted = Math.ceil(least / HELD_OUT_SHARE);
      const enough = least <= MOST_HELD_OUT ? `, a tenth of ${wanted},` : '';
      fail(
        'THRESHOLD_UNSUPPORTED',
        `Expected at least ${least} good pictures held out for the threshold ${formatRule(rule)}${enough} but received ${heldOut} of ${pictures}`,
      );
    }
  }
}
