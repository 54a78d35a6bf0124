import { tinyBackbone } from '../../method/testing/tiny.ts';
import type { Bundle } from '../src/bundle/bundle.ts';
import type { Replay } from '../src/ports.ts';
import { train } from '../src/train.ts';
import type { UpdateInput } from '../src/update.ts';
import {
  engines,
  goodEntries,
  memoryReplay,
  memoryScratches,
  otherLight,
  tinyTraining,
} from './fakes.ts';

/** When updates of tests happen. */
export const now = () => new Date('2025-02-03T04:05:06Z');

/** A model trained long enough to detect defects, and the images it kept for updates. */
export async function trainedForUpdates(): Promise<{ bundle: Bundle; replay: Replay }> {
  const kept = memoryReplay(15);
  const bundle = await train(
    tinyTraining({
      classes: [{ name: 'part', entries: goodEntries(40) }],
      schedule: { ...tinyTraining().schedule, epochs: 24 },
      replay: kept,
    }),
  );
  return { bundle, replay: kept.entries() };
}

/** An update of that model with good images in another light. */
export function updateOf(base: { bundle: Bundle; replay: Replay }): UpdateInput {
  return {
    ...base,
    ...engines,
    backbone: tinyBackbone,
    good: otherLight(8, 500),
    openScratch: memoryScratches().open,
    now,
  };
}
