import { describe, expect, it } from 'vitest';
import {
  entry,
  goodEntries,
  image,
  memoryScratches,
  tinyTraining,
  unreadable,
} from '../testing/fakes.ts';
import { type Bundle, openBundle, trainedValues } from './bundle/bundle.ts';
import { Detector } from './detection/detector.ts';
import type { Phase, WorkEvent } from './events.ts';
import type { ImageEntry } from './ports.ts';
import { type TrainInput, train } from './train.ts';

async function scoresOf(bundle: Bundle, images: ReturnType<typeof image>[]): Promise<number[]> {
  const detector = await Detector.load(tinyTraining().engine, bundle);
  const scores: number[] = [];
  for (const one of images) scores.push((await detector.inspect(one)).score);
  await detector.dispose();
  return scores;
}

function progress(events: readonly WorkEvent[]) {
  return events.filter((event) => event.type === 'progress');
}

describe('train', () => {
  it('makes a bundle that separates defects from good images', async () => {
    const classes = [{ name: 'part', entries: goodEntries(24) }];
    const scratches = memoryScratches();
    const bundle = await train(tinyTraining({ classes, openScratch: scratches.open }));
    expect(scratches.state).toEqual({ opened: 1, disposed: 1 });
    expect(openBundle(bundle.bytes)).toEqual(bundle);
    const { threshold } = bundle.manifest.calibration;
    const good = await scoresOf(
      bundle,
      [100, 101, 102].map((seed) => image(seed)),
    );
    const bad = await scoresOf(
      bundle,
      [103, 104, 105].map((seed) => image(seed, { defect: true })),
    );
    expect(Math.min(...bad)).toBeGreaterThan(2 * Math.max(...good));
    expect(Math.min(...bad)).toBeGreaterThan(threshold);
  });

  it('records the provenance of the bundle', async () => {
    const { manifest } = await train(tinyTraining({ seed: 5 }));
    const { method, schedule, backbone, engine } = tinyTraining();
    expect(manifest).toMatchObject({
      bigridVersion: '1.2.3',
      createdAt: '2025-01-02T03:04:05.000Z',
      classes: ['part'],
      profile: 'fast',
      method,
      schedule,
      backbone: { name: backbone.name, licence: backbone.licence },
      training: { seed: 5, images: 9, heldOut: 3, skipped: 0, engine: engine.description },
    });
    // 4 epochs of 9 images in batches of 4, and half as many steps for the abnormal grid.
    expect(manifest.training.steps).toBe(9 + 5);
    expect(manifest.training.dataHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('gives the same bytes for the same seed and images, and different ones otherwise', async () => {
    const first = await train(tinyTraining());
    expect((await train(tinyTraining())).bytes).toEqual(first.bytes);
    const reseeded = await train(tinyTraining({ seed: 1 }));
    const tables = (bundle: Bundle) => [...trainedValues(bundle).parameters.values()];
    expect(tables(reseeded)).not.toEqual(tables(first));
    const classes = [{ name: 'part', entries: goodEntries(12, 1) }];
    const { manifest } = await train(tinyTraining({ classes }));
    expect(manifest.training.dataHash).not.toBe(first.manifest.training.dataHash);
  });

  it('takes 60 steps for a handful of images by default, half as many where it only detects pasted cells', async () => {
    const controller = new AbortController();
    const totals = new Map<Phase, number>();
    const { epochs: _, ...schedule } = tinyTraining().schedule;
    const onEvent = (event: WorkEvent) => {
      if (event.type !== 'progress') return;
      totals.set(event.phase, event.total);
      if (event.phase === 'abnormal grid') controller.abort();
    };
    const input = tinyTraining({ schedule, onEvent, signal: controller.signal });
    await expect(train(input)).rejects.toThrow(expect.objectContaining({ code: 'CANCELLED' }));
    expect(totals.get('abnormal grid')).toBe(30);
  });

  it('reads no more images than the steps can use, unless epochs are given', async () => {
    const { epochs: _, ...free } = { ...tinyTraining().schedule, batchSize: 1 };
    const reading = async (schedule: typeof free & { epochs?: number }) => {
      const controller = new AbortController();
      let total = 0;
      const onEvent = (event: WorkEvent) => {
        if (event.type !== 'progress') return;
        total = event.total;
        controller.abort();
      };
      const classes = [{ name: 'part', entries: goodEntries(700) }];
      const input = tinyTraining({ classes, schedule, onEvent, signal: controller.signal });
      await expect(train(input)).rejects.toThrow(expect.objectContaining({ code: 'CANCELLED' }));
      return total;
    };
    expect([await reading(free), await reading({ ...free, epochs: 1 })]).toEqual([680, 700]);
  });

  it('learns several classes at once, each with images held out', async () => {
    const classes = [
      { name: 'left', entries: goodEntries(5) },
      { name: 'right', entries: goodEntries(25, 50) },
    ];
    const { manifest } = await train(tinyTraining({ classes }));
    expect(manifest.classes).toEqual(['left', 'right']);
    expect(manifest.training).toMatchObject({ images: 24, heldOut: 6 });
    // Ten of the right one, and all five of the left one.
    expect(manifest.calibration.scores).toHaveLength(15);
  });
});

/** The images that set the threshold: those read again to be scored. */
async function heldOutBy(over: Partial<TrainInput>, onPhase: (phase: Phase) => void = () => {}) {
  const heldOut: string[] = [];
  let phase = '';
  const classes = [{ name: 'part', entries: goodEntries(30) }].map(({ name, entries }) => ({
    name,
    entries: entries.map(({ path, read }) =>
      entry(path, () => {
        if (phase === 'calibrating') heldOut.push(path);
        return read();
      }),
    ),
  }));
  const onEvent = (event: WorkEvent) => {
    if (event.type !== 'progress' || event.phase === phase) return;
    phase = event.phase;
    onPhase(event.phase);
  };
  return { bundle: await train(tinyTraining({ classes, onEvent, ...over })), heldOut };
}

describe('images held out', () => {
  it('are never among those trained on, and set the threshold', async () => {
    const trained = new Set<number>();
    const { open } = memoryScratches();
    const openScratch = async (blockBytes: number) => {
      const scratch = await open(blockBytes);
      return {
        ...scratch,
        read(index: number, target: Uint8Array) {
          trained.add(index);
          return scratch.read(index, target);
        },
      };
    };
    // What earlier folds learn is not part of the model.
    const { bundle, heldOut } = await heldOutBy({ openScratch }, (phase) => {
      if (phase === 'abnormal grid') trained.clear();
    });
    expect(heldOut).toHaveLength(6);
    const paths = [...trained].map((index) => goodEntries(30)[index]?.path as string);
    expect([...paths, ...heldOut].sort()).toEqual(
      goodEntries(30)
        .map(({ path }) => path)
        .sort(),
    );
    const { scores, mapMaxima, threshold, rule } = bundle.manifest.calibration;
    const seeds = heldOut.map((path) => Number(/\d+/.exec(path)?.[0]));
    const expected = (
      await scoresOf(
        bundle,
        seeds.map((seed) => image(seed)),
      )
    ).sort((a, b) => a - b);
    expect(scores).toHaveLength(21);
    expect(scores.filter((score) => expected.includes(score))).toEqual(expected);
    expect([rule, threshold]).toEqual(['quantile:0.99', scores[20]]);
    expect(mapMaxima).toHaveLength(21);
  });

  it('differ from seed to seed', async () => {
    const schedule = { ...tinyTraining().schedule, epochs: 1 };
    const drawn = await Promise.all(
      [0, 1, 2].map(async (seed) => (await heldOutBy({ seed, schedule })).heldOut.join()),
    );
    expect(new Set(drawn).size).toBe(3);
  });
});

describe('events', () => {
  it('go up in each phase, from nothing to all, in order of the work', async () => {
    const events: WorkEvent[] = [];
    await train(tinyTraining({ onEvent: (event) => events.push(event) }));
    const phases = [...new Set(progress(events).map(({ phase }) => phase))];
    expect(phases).toEqual([
      'reading',
      'cross-fitting',
      'abnormal grid',
      'normal grid',
      'calibrating',
    ]);
    for (const phase of phases) {
      const own = progress(events).filter((event) => event.phase === phase);
      const { total } = own[0] as { total: number };
      expect(own.map(({ done }) => done)).toEqual(Array.from({ length: total + 1 }, (_, i) => i));
      expect(own.every((event) => event.total === total)).toBe(true);
      expect(own[0]?.secondsLeft).toBeUndefined();
      expect(own.slice(1).every(({ secondsLeft = -1 }) => secondsLeft >= 0)).toBe(true);
      expect(own.at(-1)?.secondsLeft).toBe(0);
      const losses = own.slice(1).map(({ loss }) => loss);
      expect(losses.every((loss) => Number.isFinite(loss) === phase.endsWith('grid'))).toBe(true);
    }
  });
});

describe('images that cannot be read', () => {
  it.each([0, 3, 7, 11])('are skipped and counted: number %i of 12', async (broken) => {
    const skipped: string[] = [];
    const entries = goodEntries(12);
    entries[broken] = unreadable('broken.png');
    const { manifest } = await train(
      tinyTraining({
        classes: [{ name: 'part', entries }],
        schedule: { ...tinyTraining().schedule, epochs: 1 },
        onEvent: (event) => {
          if (event.type !== 'skipped') return;
          expect(event.error.code).toBe('IMAGE_UNREADABLE');
          skipped.push(event.path);
        },
      }),
    );
    expect(skipped).toEqual(['broken.png']);
    expect(manifest.training).toMatchObject({ images: 8, heldOut: 3, skipped: 1 });
  });

  it('do not hide bugs', async () => {
    const entries: ImageEntry[] = goodEntries(12);
    entries[3] = entry('odd.png', () => {
      throw new TypeError('a slip');
    });
    const input = tinyTraining({ classes: [{ name: 'part', entries }] });
    await expect(train(input)).rejects.toThrow(new TypeError('a slip'));
  });

  it.each([
    ['no image', []],
    ['three images', goodEntries(3)],
    ['four, one of them broken', [...goodEntries(3), unreadable('a')]],
    ['only broken ones', ['a', 'b', 'c', 'd', 'e'].map((path) => unreadable(path))],
  ])('leave too few: %s', async (_, entries) => {
    const scratches = memoryScratches();
    const input = tinyTraining({
      classes: [{ name: 'part', entries }],
      openScratch: scratches.open,
    });
    await expect(train(input)).rejects.toThrow(expect.objectContaining({ code: 'DATA_TOO_FEW' }));
    expect(scratches.state.disposed).toBe(scratches.state.opened);
  });
});

describe('a method for another backbone', () => {
  it('is refused before anything is read', async () => {
    const entries = [unreadable('never read')];
    const method = { ...tinyTraining().method, backbone: 'tf_efficientnet_b6' };
    const input = tinyTraining({ classes: [{ name: 'part', entries }], method, profile: 'paper' });
    await expect(train(input)).rejects.toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message:
          'Expected weights of tf_efficientnet_b6 as the backbone for the profile paper but received efficientnet-lite0',
        remedy: expect.stringMatching(/^Give `backbone`, .* timm's tf_efficientnet_b6: docs/),
      }),
    );
  });
});

describe("a size that is no multiple of the backbone's stride", () => {
  it('is refused before anything is read', async () => {
    const entries = [unreadable('never read')];
    const { method, backbone } = tinyTraining();
    const name = 'vit_small_patch14_dinov2';
    const input = tinyTraining({
      classes: [{ name: 'part', entries }],
      method: { ...method, backbone: name },
      backbone: { ...backbone, name, stride: 14 },
    });
    await expect(train(input)).rejects.toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: `Expected a multiple of 14 for \`size\` with the backbone ${name} but received 64`,
        remedy: 'Choose such a `size`, for example 70, or the profile accurate.',
      }),
    );
  });
});
