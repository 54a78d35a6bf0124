import { BigridError, fail } from '@bigrid/errors';
import { Random } from '@bigrid/method';
import type { ThresholdRules } from './calibration.ts';
import type { OnEvent } from './events.ts';
import type { PictureEntry } from './ports.ts';
import { formatRule, leastScores, parseRule } from './threshold-rules.ts';
import { checkCancelled } from './work.ts';

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
 * Holds out a share of each class's pictures, drawn by seed. The first of them is read at once: were it the only
 * one and broken, all of training would be for nothing.
 */
export async function holdOut(
  classes: readonly TrainingClass[],
  seed: number,
  onEvent: OnEvent,
  signal: AbortSignal | undefined,
) {
  const training: PictureEntry[] = [];
  const heldOut: PictureEntry[] = [];
  let unreadable = 0;
  for (const { name, entries } of classes) {
    const shuffled = new Random(seed)
      .fork(`split ${name}`)
      .permutation(entries.length)
      .map((index) => entries[index] as PictureEntry);
    const dropped = new Set<PictureEntry>();
    for (const entry of shuffled) {
      checkCancelled(signal);
      const error = await errorOf(entry);
      if (!error) break;
      dropped.add(entry);
      onEvent({ type: 'skipped', path: entry.path, error });
    }
    unreadable += dropped.size;
    const usable = shuffled.filter((entry) => !dropped.has(entry));
    if (usable.length < LEAST_PICTURES) tooFew(usable.length, name);
    const share = Math.round(usable.length * HELD_OUT_SHARE);
    const chosen = new Set(usable.slice(0, Math.min(MOST_HELD_OUT, Math.max(1, share))));
    for (const entry of entries) {
      if (chosen.has(entry)) heldOut.push(entry);
      else if (!dropped.has(entry)) training.push(entry);
    }
  }
  return { training, heldOut, unreadable };
}

/** Why a picture cannot be read; undefined where it can. */
async function errorOf(entry: PictureEntry): Promise<BigridError | undefined> {
  try {
    await entry.read();
    return undefined;
  } catch (error) {
    if (error instanceof BigridError) return error;
    throw error;
  }
}

export function tooFew(count: number, where = 'the training folder'): never {
  return fail(
    'DATA_TOO_FEW',
    `Expected at least ${LEAST_PICTURES} readable good pictures in ${where} but received ${count}`,
  );
}

/**
 * Refuses rules that the pictures held out cannot keep: better before training than after it. Where a rule takes a
 * number of them, they are read, for one that is broken does not count.
 * @param pictures there are in all
 * @throws OPTION_INVALID, THRESHOLD_UNSUPPORTED
 */
export async function checkRules(
  rules: ThresholdRules | undefined,
  heldOut: readonly PictureEntry[],
  pictures: number,
): Promise<void> {
  for (const text of [rules?.threshold, rules?.unsure]) {
    if (text === undefined || text === 'none') continue;
    const rule = parseRule(text);
    if (rule.kind === 'f1') {
      fail(
        'THRESHOLD_UNSUPPORTED',
        'Expected a threshold that good pictures suffice for but received f1, which takes labelled defects: train without it, then run `bigrid calibrate FILE DIR --threshold f1`',
      );
    }
    const least = leastScores(rule);
    let readable = 0;
    for (const entry of least > 1 ? heldOut : []) {
      if (readable < least && !(await errorOf(entry))) readable++;
    }
    if (least > 1 && readable < least) {
      const wanted = Math.ceil(least / HELD_OUT_SHARE);
      const enough = least <= MOST_HELD_OUT ? `, a tenth of ${wanted},` : '';
      fail(
        'THRESHOLD_UNSUPPORTED',
        `Expected at least ${least} good pictures held out for the threshold ${formatRule(rule)}${enough} but received ${readable} of ${pictures}`,
      );
    }
  }
}
