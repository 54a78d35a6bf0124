import type { Engine } from '@bigrid/graph';
import type { MethodOptions, Random } from '@bigrid/method';
import { type OnEvent, progressOf, reportSkipped } from '../events.ts';
import type { ImageEntry, KeepReplay, Replay } from '../ports.ts';
import { checkCancelled, DECODE_AHEAD } from '../work.ts';
import { Resizer } from './resizer.ts';

/** Share of held-out images among those kept: with few of them the threshold would vary from draw to draw. */
const HELD_OUT_SHARE = 1 / 3;

export interface KeepingInput {
  readonly engine: Engine;
  readonly method: MethodOptions;
  /** Images to draw from. */
  readonly from: Replay;
  /** Where to keep images; undefined to keep none. */
  readonly into: KeepReplay | undefined;
  readonly random: Random;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal | undefined;
}

/**
 * Draws images that an update can learn again and calibrate on, and keeps them resized to the model's input by the model's
 * own resize. Images kept by an earlier run are copied as they are; images that can no longer be read are reported and left
 * out.
 * @throws CANCELLED, ENGINE_FAILED, and what keeping throws
 */
export async function keepReplay(input: KeepingInput): Promise<void> {
  const { engine, method, from, into, random, onEvent, signal } = input;
  if (!into) return;
  const { learnt, heldOut } = draw(from, into.most, random);
  const chosen = [
    ...learnt.map((entry, index) => ({ entry, part: 'learnt' as const, index })),
    ...heldOut.map((entry, index) => ({ entry, part: 'heldOut' as const, index })),
  ];
  if (chosen.length === 0) return;
  const resizer = await Resizer.open(engine, method);
  const keep = async ({ entry, part, index }: (typeof chosen)[number]) => {
    const reading = entry.readKept ? entry.readKept() : entry.read();
    const found = await reading.catch((error: unknown) => {
      reportSkipped(entry.path, error, onEvent);
    });
    if (!found) return;
    await into.keep(part, index, found instanceof Uint8Array ? found : await resizer.resize(found));
  };
  const progress = progressOf('keeping', chosen.length, onEvent);
  try {
    for (let done = 0; done < chosen.length; ) {
      checkCancelled(signal);
      const some = chosen.slice(done, done + DECODE_AHEAD);
      // Wait for all of them: none may still run once the session or the target folder is gone.
      const outcomes = await Promise.allSettled(some.map(keep));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      done += some.length;
      progress(done);
    }
  } finally {
    await resizer.dispose();
  }
}

function draw({ learnt, heldOut }: Replay, most: number, random: Random): Replay {
  const share = Math.min(Math.floor(most * HELD_OUT_SHARE), heldOut.length);
  const drawn = (entries: readonly ImageEntry[], count: number) =>
    random
      .permutation(entries.length)
      .slice(0, count)
      .map((at) => entries[at] as ImageEntry);
  return { learnt: drawn(learnt, most - share), heldOut: drawn(heldOut, share) };
}
