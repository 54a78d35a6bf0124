import { beforeAll, describe, expect, it } from 'vitest';
import { tinyMethod } from '../../method/testing/tiny.ts';
import {
  engine,
  entry,
  goodEntries,
  image,
  memoryReplay,
  memoryScratches,
  otherLight,
  tinyTraining,
  unreadable,
} from '../testing/fakes.ts';
import { now, trainedForUpdates, updateOf } from '../testing/updating.ts';
import { type Bundle, openBundle, trainedValues, withManifest } from './bundle/bundle.ts';
import { scoreImages } from './calibration/scoring.ts';
import { ignoredBy } from './detection/ignored-area.ts';
import type { WorkEvent } from './events.ts';
import type { ImageEntry, Replay } from './ports.ts';
import { train } from './train.ts';
import { type UpdateInput, update } from './update.ts';

let base: Bundle;
let replay: Replay;

beforeAll(async () => {
  ({ bundle: base, replay } = await trainedForUpdates());
}, 60_000);

const updated = (over: Partial<UpdateInput> = {}) =>
  update({ ...updateOf({ bundle: base, replay }), ...over });

async function scoresOf(bundle: Bundle, entries: readonly ImageEntry[]): Promise<number[]> {
  return (await scoreImages({ engine, model: bundle, entries })).map(({ score }) => score);
}

function underRule(rule: string): Bundle {
  const { calibration } = base.manifest;
  return withManifest(base, { ...base.manifest, calibration: { ...calibration, rule } });
}

describe('update', () => {
  it('learns a new kind of good image, and forgets neither the old one nor defects', async () => {
    const unseen = otherLight(10, 700);
    const old = goodEntries(10, 800);
    const defects = [900, 901, 902, 903].map((seed) =>
      entry(`bad/${seed}`, () => image(seed, { defect: true })),
    );
    const alarms = async (bundle: Bundle, entries: readonly ImageEntry[]) => {
      const { threshold } = bundle.manifest.calibration;
      return (await scoresOf(bundle, entries)).filter((score) => score > threshold).length;
    };
    expect(await alarms(base, unseen)).toBeGreaterThan(8);
    const { bundle } = await updated({ good: otherLight(16, 500) });
    expect(await alarms(bundle, unseen)).toBeLessThan(4);
    expect(await alarms(bundle, old)).toBeLessThan(4);
    expect(await alarms(bundle, defects)).toBe(4);
    // Learnt, not accepted through a higher threshold.
    const highest = Math.max(...(await scoresOf(bundle, unseen)));
    expect(highest).toBeLessThan(Math.min(...(await scoresOf(base, unseen))));
    expect(openBundle(bundle.bytes)).toEqual(bundle);
  });

  it('returns scores before and after per image, and which images were held out', async () => {
    const { bundle, before, images, old } = await updated();
    const held = images.filter(({ heldOut }) => heldOut);
    expect([images.length, held.length]).toEqual([8, 2]);
    const scores = [...held, ...old].map(({ after }) => after).sort((a, b) => a - b);
    expect(bundle.manifest.calibration.scores).toEqual(scores);
    expect(before).toEqual(base.manifest.calibration);
    // The same old images before and after, not all those that once set the threshold.
    expect(old.map(({ path }) => path)).toEqual(replay.heldOut.map(({ path }) => path));
    expect(old.map(({ before }) => before)).toEqual(await scoresOf(base, replay.heldOut));
    expect(old.map(({ after }) => after)).toEqual(await scoresOf(bundle, replay.heldOut));
    const [original] = otherLight(1, 500) as [ImageEntry];
    expect(images[0]).toMatchObject({
      path: 'light/500.png',
      before: (await scoresOf(base, [original]))[0],
      after: (await scoresOf(bundle, [original]))[0],
    });
  });

  it('keeps method, statistics, provenance and rule, and records the update', async () => {
    const { bundle } = await updated({ bundle: underRule('sigma:2') });
    const { calibration, updates, learnt, ...others } = bundle.manifest;
    const { calibration: first, learnt: learntFirst, ...before } = base.manifest;
    expect(others).toEqual(before);
    // 8 bytes per image.
    expect(atob(learnt as string).startsWith(atob(learntFirst as string))).toBe(true);
    expect(atob(learnt as string).length - atob(learntFirst as string).length).toBe(8 * 6);
    expect(calibration).toMatchObject({ rule: 'sigma:2', measuredAt: now().toISOString() });
    expect(calibration.threshold).not.toBe(first.threshold);
    expect(trainedValues(bundle).statistics).toEqual(trainedValues(base).statistics);
    expect(updates).toEqual([
      { at: now().toISOString(), images: 6, heldOut: 2, steps: expect.any(Number) },
    ]);
    // A sixth of the steps, rounded up per stage.
    expect(6 * (updates?.[0]?.steps ?? 0) - before.training.steps).toBeLessThanOrEqual(10);
  });

  it('counts new images as part of the line from now on', async () => {
    const { bundle } = await updated();
    const looks = (of: Bundle) => of.manifest.calibration.images?.contrast ?? [];
    expect(looks(bundle).length).toBe(looks(base).length + 8);
    // The other light has less contrast.
    expect(looks(bundle)[7]).toBeLessThan(looks(base)[0] as number);
  });

  it('keeps the ignored area of the bundle', async () => {
    const ignored = { width: 2, height: 1, data: Uint8Array.of(255, 0) };
    const classes = [{ name: 'part', entries: goodEntries(12) }];
    const bundle = await train(tinyTraining({ classes, ignored }));
    const after = await updated({ bundle });
    expect(ignoredBy(bundle)).toBeDefined();
    expect(ignoredBy(after.bundle)).toEqual(ignoredBy(bundle));
  });

  it('can be repeated, and gives the same bytes each time', async () => {
    const kept = memoryReplay(15);
    const first = await updated({ keep: kept });
    expect((await updated()).bundle.bytes).toEqual(first.bundle.bytes);
    const { learnt, heldOut } = kept.entries();
    expect([learnt.length, heldOut.length]).toEqual([10, 5]);
    const good = goodEntries(40, 600);
    const { bundle } = await updated({ bundle: first.bundle, replay: kept.entries(), good });
    expect(bundle.manifest.updates).toHaveLength(2);
  });

  it('learns a single image', async () => {
    const { bundle, images } = await updated({ good: otherLight(1, 500) });
    expect(images).toMatchObject([{ heldOut: false }]);
    expect(bundle.manifest.updates).toMatchObject([{ images: 1, heldOut: 0 }]);
  });

  it('learns frames of one part, and sets the threshold from old images', async () => {
    const frames = Array.from({ length: 8 }, (_, at) =>
      entry(`frame ${at}`, () => (otherLight(1, 500)[0] as ImageEntry).read()),
    );
    const { images, bundle } = await updated({ good: frames });
    expect(images.filter(({ heldOut }) => heldOut)).toEqual([]);
    expect(bundle.manifest.calibration.scores).toHaveLength(replay.heldOut.length);
  });

  it('holds out near-duplicates together', async () => {
    const twins = otherLight(4, 500).flatMap(({ path, read }) => [
      { path: `${path} a`, read },
      { path: `${path} b`, read },
    ]);
    const { images } = await updated({ good: twins });
    const held = images.filter(({ heldOut }) => heldOut).map(({ path }) => path.slice(0, -2));
    expect(held).toHaveLength(2);
    expect(new Set(held).size).toBe(1);
  });

  it('never learns images that set the threshold', async () => {
    const reads = new Set<number>();
    const openScratch = async (blockBytes: number) => {
      const scratch = await memoryScratches().open(blockBytes);
      const read = (index: number, target: Uint8Array) => {
        // Images are kept aside as well.
        if (blockBytes !== 3 * tinyMethod.inputSize ** 2) reads.add(index);
        return scratch.read(index, target);
      };
      return { ...scratch, read };
    };
    const { images } = await updated({ openScratch });
    expect(images.map((_, index) => reads.has(index))).toEqual(
      images.map(({ heldOut }) => !heldOut),
    );
  });

  it('skips unreadable images, and reports each once', async () => {
    const events: WorkEvent[] = [];
    const onEvent = (event: WorkEvent) => events.push(event);
    const { bundle } = await updated({ good: [...otherLight(4, 500), unreadable('a')], onEvent });
    expect(events.filter(({ type }) => type === 'skipped')).toMatchObject([{ path: 'a' }]);
    expect(bundle.manifest.updates).toMatchObject([{ images: 3, heldOut: 1 }]);
  });

  it('does not keep unreadable old images, and reports each once', async () => {
    const events: WorkEvent[] = [];
    const onEvent = (event: WorkEvent) => events.push(event);
    const kept = memoryReplay(100);
    const { learnt, heldOut } = replay;
    const broken = {
      learnt: [...learnt, unreadable('a')],
      heldOut: [unreadable('b'), ...heldOut],
    };
    await updated({ replay: broken, keep: kept, onEvent });
    const skipped = events.flatMap((event) => (event.type === 'skipped' ? [event.path] : []));
    expect(skipped.toSorted()).toEqual(['a', 'b']);
    const now = kept.entries();
    expect([now.learnt.length, now.heldOut.length]).toEqual([
      learnt.length + 6,
      heldOut.length + 2,
    ]);
  });

  it('decodes each image once, whatever its size', async () => {
    const reads = new Map<string, number>();
    const counted = ({ path, read }: ImageEntry): ImageEntry => ({
      path,
      read: () => {
        reads.set(path, (reads.get(path) ?? 0) + 1);
        return read();
      },
    });
    const wide = Array.from({ length: 8 }, (_, i) =>
      entry(`wide/${i}`, () => image(500 + i, { width: 150 })),
    );
    const { learnt, heldOut } = replay;
    const again = { learnt: learnt.map(counted), heldOut: heldOut.map(counted) };
    const keep = memoryReplay(4);
    await updated({ good: wide.map(counted), replay: again, keep, allowSuspect: true });
    expect(reads.size).toBe(8 + learnt.length + heldOut.length);
    // Some of the old images are kept further; files are copied unchanged.
    for (const [path, times] of reads)
      if (!path.startsWith('kept/learnt')) expect([path, times]).toEqual([path, 1]);
  });

  it('refuses missing images and rules that need more, before training', async () => {
    const onEvent = (event: WorkEvent) => {
      if (event.type === 'progress') expect(event.phase).not.toMatch('grid');
    };
    const failing = (over: Partial<UpdateInput>, code: string) =>
      expect(updated({ onEvent, ...over })).rejects.toThrow(expect.objectContaining({ code }));
    await failing({ good: [unreadable('a')] }, 'DATA_NO_GOOD');
    for (const rule of ['max-fpr:0.01', 'f1']) {
      await failing({ bundle: underRule(rule) }, 'THRESHOLD_UNSUPPORTED');
    }
  });

  it('stops on cancellation, and frees its space', async () => {
    for (const when of ['inspecting', 'reading', 'abnormal grid', 'calibrating', 'keeping']) {
      const controller = new AbortController();
      const scratches = memoryScratches();
      const onEvent = (event: WorkEvent) => {
        if (event.type === 'progress' && event.phase === when) controller.abort();
      };
      const { signal } = controller;
      await expect(
        updated({ onEvent, signal, openScratch: scratches.open, keep: memoryReplay(4) }),
      ).rejects.toThrow(expect.objectContaining({ code: 'CANCELLED' }));
      expect(scratches.state.disposed).toBe(scratches.state.opened);
    }
  });
});
