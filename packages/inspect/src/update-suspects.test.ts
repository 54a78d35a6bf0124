import { beforeAll, expect, it } from 'vitest';
import { engine, entry, image, otherLight } from '../testing/fakes.ts';
import { trainedForUpdates, updateOf } from '../testing/updating.ts';
import type { Bundle } from './bundle/bundle.ts';
import { scoreImages } from './calibration/scoring.ts';
import type { WorkEvent } from './events.ts';
import type { Replay } from './ports.ts';
import { type UpdateInput, update } from './update.ts';

let base: Bundle;
let replay: Replay;
beforeAll(async () => {
  ({ bundle: base, replay } = await trainedForUpdates());
}, 60_000);

const updated = (over: Partial<UpdateInput> = {}) =>
  update({ ...updateOf({ bundle: base, replay }), ...over });

it('refuses images with suspect scores before training, unless allowSuspect is set', async () => {
  const broken = [1, 2, 3, 4, 5, 6, 7].map((seed) =>
    entry(`broken/${seed}`, () => image(seed, { defect: true })),
  );
  const scored = await scoreImages({ engine, model: base, entries: broken });
  const { threshold } = base.manifest.calibration;
  expect(Math.min(...scored.map(({ score }) => score))).toBeGreaterThan(4 * threshold);
  const good = [...otherLight(4, 500), ...broken];
  const phases = new Set<string>();
  const onEvent = (event: WorkEvent) => event.type === 'progress' && phases.add(event.phase);
  const refused = await updated({ good, onEvent }).catch((error) => error);
  expect(refused).toMatchObject({ code: 'SUSPECT_IMAGES' });
  expect(refused.message).toMatch(/ {2}7 of 11 that score more than 4 times .*and 2 more$/s);
  const [highest] = scored.toSorted((a, b) => b.score - a.score);
  expect(refused.message.match(/broken\/\d, [\d.]+ times/g)).toHaveLength(5);
  expect(refused.message.match(/broken\/\d/)[0]).toBe(highest?.entry.path);
  expect([...phases]).toEqual(['inspecting']);
  const warnings: string[] = [];
  const { bundle } = await updated({
    good,
    allowSuspect: true,
    onEvent: (event) => event.type === 'warning' && warnings.push(event.message),
  });
  expect(bundle.manifest.updates).toMatchObject([{ images: 9, heldOut: 2 }]);
  expect(warnings).toEqual([expect.stringContaining('7 of 11 that score more than 4 times')]);
});

it('sets the threshold only from images not learnt before', async () => {
  const warnings: string[] = [];
  const onEvent = (event: WorkEvent) => event.type === 'warning' && warnings.push(event.message);
  const first = await updated();
  const good = otherLight(8, 500);
  const learnt = first.images.filter(({ heldOut }) => !heldOut).map(({ path }) => path);
  for (const added of [0, 12]) {
    const more = otherLight(added, 600);
    const again = await updated({ bundle: first.bundle, good: [...good, ...more], onEvent });
    const held = again.images.filter(({ heldOut }) => heldOut).map(({ path }) => path);
    expect(held.length).toBeGreaterThan(0);
    expect(held.filter((path) => learnt.includes(path))).toEqual([]);
    expect(warnings.pop()).toMatch(`6 of ${8 + added} new images were learnt before`);
  }
});
