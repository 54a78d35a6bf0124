import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  entry,
  goodEntries,
  image,
  memoryCheckpoint,
  tinyTraining,
  unreadable,
} from '../../testing/fakes.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { digest } from '../digest.ts';
import type { WorkEvent } from '../events.ts';
import { type TrainInput, train } from '../train.ts';
import { Checkpoints } from './checkpoint.ts';
import { extractFeatures } from './feature-extraction.ts';

const input = () => {
  const entries = goodEntries(8);
  entries[5] = unreadable('broken.png');
  return tinyTraining({
    classes: [{ name: 'part', entries }],
    schedule: { ...tinyTraining().schedule, epochs: 2 },
  });
};

/** The header of a state, to be corrupted. */
interface Header {
  reading: { images: { at: number; sum: string }[] };
  stage: { order: number[]; randoms: { jitter: { words: number[] } } };
  values: [string, number[]][];
  current: [string, number[]][];
}

const at = <T>(list: readonly T[], index: number) => list[index] as T;

async function withHeader(state: Uint8Array, change: (header: Header) => void) {
  const end = 4 + Buffer.from(state).readUInt32LE(0);
  const header = JSON.parse(Buffer.from(state.subarray(4, end)).toString());
  change(header);
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const whole = Buffer.concat([length, json, state.subarray(end, -32)]);
  return Buffer.concat([whole, await digest(whole)]);
}

describe('a training resumed from a checkpoint', () => {
  const { states, run } = memoryCheckpoint();
  let whole: Bundle;
  beforeAll(async () => {
    whole = await train({ ...input(), ...run() });
  }, 60_000);

  it('can save after every image and step, and makes the same bundle', async () => {
    // Seven readable images make four folds; all but one of them learn six.
    const { steps } = whole.manifest.training;
    expect(states).toHaveLength(8 + 4 * steps);
    expect(await train(input())).toEqual(whole);
  });

  it.each([
    ['while reading', 2],
    ['after an image that cannot be read', 5],
    ['after the first step', 8],
    ['in the second of four folds', 8 + 5 + 1],
    ['at the end of a fold', 8 + 2 * 5 - 1],
    ['at the start of the last', 8 + 3 * 5],
    ['in the second stage', -2],
  ])('makes the same bundle from a state saved %s', async (_, at) => {
    const resumed = await train({ ...input(), ...run(states.at(at)) });
    expect(Buffer.compare(resumed.bytes, whole.bytes)).toBe(0);
  });

  it('reports progress and skipped images as if it had never stopped', async () => {
    const events: WorkEvent[] = [];
    const onEvent = (event: WorkEvent) => events.push(event);
    await train({ ...input(), ...run(states.at(-1)), onEvent });
    expect(events.flatMap((event) => (event.type === 'skipped' ? [event.path] : []))).toEqual([
      'broken.png',
    ]);
    const progress = events.flatMap((event) =>
      event.type === 'progress' ? [`${event.phase} ${event.done}/${event.total}`] : [],
    );
    expect(progress.slice(0, 2)).toEqual(['reading 8/8', 'cross-fitting 15/15']);
    expect(progress[2]).toBe('normal grid 3/3');
    expect(progress.some((text) => text.startsWith('abnormal grid'))).toBe(false);
  });

  it('refuses a damaged or truncated state', async () => {
    const { bytes, blocks } = states.at(-1) as (typeof states)[number];
    const flipped = bytes.slice();
    flipped[bytes.length >> 1] = (flipped[bytes.length >> 1] as number) ^ 1;
    const damaged = [flipped, bytes.slice(0, -1), bytes.slice(0, 20), new Uint8Array()];
    for (const wrong of damaged) {
      await expect(train({ ...input(), ...run({ bytes: wrong, blocks }) })).rejects.toMatchObject({
        code: 'CHECKPOINT_INVALID',
      });
    }
    const others = blocks.map((block, at) => (at === 2 ? block.map((byte) => byte ^ 1) : block));
    await expect(train({ ...input(), ...run({ bytes, blocks: others }) })).rejects.toThrow(
      'Expected the features of 7 images as they were saved but received others',
    );
  });

  it.each<[string, (header: Header) => void, string]>([
    ['of missing images', ({ reading }) => (at(reading.images, 6).at = 8), 'others'],
    ['of an image twice', ({ reading }) => (at(reading.images, 1).at = 0), 'others'],
    [
      'with features of fewer channels',
      ({ reading }) => (at(reading.images, 0).sum = ''),
      'others',
    ],
    [
      'with a size beyond its end',
      ({ values }) => (at(values, 0)[1] = [2 ** 40]),
      'without the values',
    ],
    ['with an invalid size', ({ values }) => (at(values, 0)[1] = [0, -1]), 'faults'],
    [
      'with values of another name',
      ({ current }) => (at(current, 0)[0] = 'other'),
      'received other [',
    ],
    [
      'with a random generator that is stuck',
      ({ stage }) => (stage.randoms.jitter.words = [0, 0, 0, 0]),
      'faults',
    ],
    ['with an order of no images', ({ stage }) => (stage.order = [-1]), 'faults'],
  ])('refuses a state %s, whatever its digest says', async (_, change, words) => {
    const { bytes, blocks } = states.at(-1) as (typeof states)[number];
    const changed = { bytes: await withHeader(bytes, change), blocks };
    await expect(train({ ...input(), ...run(changed) })).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringContaining(words),
    });
  });

  it('keeps the last state if there is no space for another', async () => {
    const { states, run } = memoryCheckpoint();
    const { checkpoint, openScratch } = run();
    const full = new Error('no room');
    const save = async (bytes: Uint8Array) => {
      if (states.length === 10) throw full;
      await checkpoint.save(bytes);
    };
    const failing = { ...input(), openScratch, checkpoint: { ...checkpoint, save } };
    await expect(train(failing)).rejects.toBe(full);
    const resumed = await train({ ...input(), ...run(states.at(-1)) });
    expect(Buffer.compare(resumed.bytes, whole.bytes)).toBe(0);
  });
});

/** Wide images, with two of three tiles drawn. */
const inTiles = () => {
  const wide = (seed: number) => entry(`${seed}.png`, () => image(seed, { width: 160 }));
  const entries = Array.from({ length: 8 }, (_, seed) => wide(seed));
  entries[5] = unreadable('broken.png');
  const extract: TrainInput['extract'] = (input) => {
    expect(input.method.tiles).toEqual({ rows: 1, columns: 3 });
    return extractFeatures({ ...input, sample: { perImage: 2, seed: 3 } });
  };
  return { ...input(), classes: [{ name: 'part', entries }], tile: 64, extract };
};

/** Every other image has an ignored area. */
const underMasks = () => {
  const ignored = { width: 2, height: 1, data: Uint8Array.of(255, 0) };
  const masked = goodEntries(8).map((one, at) => (at % 2 ? { ...one, ignored } : one));
  return { ...input(), classes: [{ name: 'part', entries: masked }] };
};

describe.each([
  ['tiles', inTiles],
  ['masks of single images', underMasks],
  [
    'tiles under a mask',
    () => ({ ...inTiles(), ignored: { width: 3, height: 1, data: Uint8Array.of(255, 0, 0) } }),
  ],
])('a training with %s resumed from a checkpoint', (_, training) => {
  it('makes the same bundle, wherever it was interrupted', async () => {
    const { states, run } = memoryCheckpoint();
    const whole = await train({ ...training(), ...run() });
    expect(await train(training())).toEqual(whole);
    for (const at of [2, 6, 8, -2]) {
      const resumed = await train({ ...training(), ...run(states.at(at)) });
      expect(Buffer.compare(resumed.bytes, whole.bytes)).toBe(0);
    }
  });
});

describe('the time between two saves', () => {
  afterEach(() => vi.restoreAllMocks());

  const reading = { images: [], skipped: [], blockHash: '' };

  /** Seconds at which states are saved if saving takes this long and there is a step per second for ten minutes. */
  async function savesAt(secondsOfSave: number, everySeconds?: number): Promise<number[]> {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now * 1000);
    const saves: number[] = [];
    const save = async () => {
      saves.push(now);
      now += secondsOfSave;
    };
    const checkpoints = await Checkpoints.open({ saved: undefined, everySeconds, save });
    for (; now < 600; now++) await checkpoints.saveIfDue(async () => ({ reading }));
    return saves;
  }

  it('is ten seconds if saving is fast', async () => {
    expect(await savesAt(0)).toHaveLength(59);
  });

  it('is a hundred times the duration of saving if that is longer', async () => {
    expect(await savesAt(2)).toEqual([10, 212, 414]);
  });

  it('can be set', async () => {
    expect(await savesAt(2, 100)).toEqual([100, 202, 304, 406, 508]);
  });
});

describe('a clock that is set back during a training', () => {
  afterEach(() => vi.useRealTimers());

  it('affects only the date, and no time left is negative', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2030-01-01T00:00:00Z') });
    const left: number[] = [];
    const onEvent = (event: WorkEvent) => {
      vi.setSystemTime(Date.now() - 3_600_000);
      if (event.type === 'progress' && event.secondsLeft !== undefined)
        left.push(event.secondsLeft);
    };
    const { checkpoint, openScratch } = memoryCheckpoint().run();
    const training = { ...input(), checkpoint, openScratch, onEvent };
    const { manifest } = await train({ ...training, now: () => new Date() });
    expect(left.length).toBeGreaterThan(10);
    expect(left.every((seconds) => seconds >= 0 && seconds < 3600)).toBe(true);
    expect(manifest.createdAt < '2030').toBe(true);
  });
});
