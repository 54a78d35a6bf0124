import { setImmediate } from 'node:timers/promises';
import type { Engine } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../testing/example-manifest.ts';
import { answeringEngine, entry, image, someModel, unreadable } from '../testing/fakes.ts';
import { Detector } from './detection/detector.ts';
import { type FailedInspection, inspect, type Verdict, verdictOf } from './inspect.ts';
import type { Image, ImageEntry } from './ports.ts';

const width = 4;
/** The score is the width of the image. */
const engine = answeringEngine(({ shape }) => ({
  score: shape[2] as number,
  width,
  map: Float32Array.from({ length: 8 }, (_, i) => i),
}));
const manifest = {
  ...exampleManifest,
  calibration: { ...exampleManifest.calibration, scores: [5, 10, 20], threshold: 20 },
};

async function inspected(entries: Iterable<ImageEntry>, signal?: AbortSignal, on: Engine = engine) {
  const detector = await Detector.load(on, someModel());
  const results: (Verdict | FailedInspection)[] = [];
  for await (const result of inspect(detector, manifest, entries, { signal })) results.push(result);
  return results;
}

const of = (size: number) => entry(`${size}.png`, () => image(0, { width: size }));

describe('inspect', () => {
  it('gives a verdict per image, in order; a score at the threshold is not above it', async () => {
    const verdicts = await inspected([of(21), of(20), of(5)]);
    expect(verdicts).toMatchObject([
      { path: '21.png', score: 21, threshold: 20, isAnomalous: true },
      { path: '20.png', score: 20, threshold: 20, confidence: 0.5, isAnomalous: false },
      {
        path: '5.png',
        score: 5,
        threshold: 20,
        confidence: expect.closeTo(1 / 6, 12),
        isAnomalous: false,
      },
    ]);
    const [first] = verdicts as Verdict[];
    expect(first?.confidence).toBeGreaterThan(0.5);
    expect(first?.image).toEqual(image(0, { width: 21 }));
    expect(first?.map).toEqual({
      width: 4,
      height: 2,
      data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7),
    });
  });

  it("returns the caller's own entry with all its properties", async () => {
    const detector = await Detector.load(engine, someModel());
    const entries = [of(5), unreadable('b'), of(30)].map((own, order) => ({ ...own, order }));
    const seen: typeof entries = [];
    for await (const { entry } of inspect(detector, manifest, entries)) seen.push(entry);
    expect(seen).toHaveLength(3);
    for (const [index, entry] of seen.entries()) expect(entry).toBe(entries[index]);
  });

  it('yields the error of an unreadable image, and continues', async () => {
    const results = await inspected([of(5), unreadable('b', 'PATH_MISSING'), of(30)]);
    expect(results).toMatchObject([
      { path: '5.png' },
      { path: 'b', error: { code: 'PATH_MISSING' } },
      { path: '30.png', isAnomalous: true },
    ]);
  });

  it('keeps an engine with several parallel runs busy', async () => {
    const runsAtOnce = 7;
    const allAsked = Promise.withResolvers<void>();
    let asked = 0;
    const busy: Engine = {
      ...engine,
      runsAtOnce,
      async load(model) {
        const session = await engine.load(model);
        const run: typeof session.run = async (inputs) => {
          if (++asked === runsAtOnce) allAsked.resolve();
          await allAsked.promise;
          return session.run(inputs);
        };
        return { ...session, run };
      },
    };
    expect(
      await inspected(
        Array.from({ length: 9 }, () => of(5)),
        undefined,
        busy,
      ),
    ).toHaveLength(9);
  });

  it('does not start an image that is too large to be in memory with another', async () => {
    let begun = 0;
    const large: ImageEntry = {
      path: 'large.png',
      read: async (takeRoom) => {
        await takeRoom?.(10_000 * 10_000 * 3);
        begun++;
        return image(0);
      },
    };
    const detector = await Detector.load(engine, someModel());
    let seen = 0;
    for await (const _ of inspect(detector, manifest, [large, large, large, large])) {
      await setImmediate();
      expect(begun).toBe(++seen);
    }
    expect(seen).toBe(4);
  });

  const sound = image(0, { width: 5 });
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a file', Uint8Array.of(137, 80, 78, 71)],
    ['no size', { data: sound.data }],
    ['no width', { ...sound, width: 0 }],
    ['a size in text', { ...sound, width: '5' }],
    ['half a pixel', { ...sound, width: 2.5, height: 128 }],
    ['no pixels', { ...sound, data: undefined }],
    ['pixels in a list', { ...sound, data: [...sound.data] }],
    ['other numbers', { ...sound, data: Float32Array.from(sound.data) }],
    ['grey', { ...sound, data: sound.data.subarray(0, 5 * 64) }],
    ['four channels', { ...sound, data: new Uint8Array(4 * 5 * 64) }],
    ['a cut frame', { ...sound, data: sound.data.subarray(1) }],
    ['a frame given away', { ...sound, data: new Uint8Array() }],
  ])('yields the error of an invalid frame, and continues: %s', async (_, frame) => {
    const odd = { path: 'odd', read: async () => frame as Image };
    expect(await inspected([of(5), odd, of(30)])).toMatchObject([
      { path: '5.png', score: 5 },
      { path: 'odd', error: { code: 'IMAGE_UNREADABLE' } },
      { path: '30.png', score: 30 },
    ]);
  });

  it.each([undefined, null, 'a.png', {}, { path: 'a.png' }, { read: async () => sound }])(
    'yields an error for a value that is not an entry, and continues: %j',
    async (odd) => {
      expect(await inspected([odd as ImageEntry, of(5)])).toMatchObject([
        { path: expect.any(String), error: { code: 'IMAGE_UNREADABLE' } },
        { path: '5.png', score: 5 },
      ]);
    },
  );

  it.each<[string, ImageEntry['read']]>([
    ['later', () => Promise.reject(new TypeError('no light'))],
    [
      'at once',
      () => {
        throw new RangeError('no light');
      },
    ],
    ['no error', () => Promise.reject('no light')],
  ])('yields whatever a frame throws as its error, and continues: %s', async (_, read) => {
    expect(await inspected([{ path: 'odd', read }, of(5)])).toMatchObject([
      {
        path: 'odd',
        error: {
          code: 'IMAGE_UNREADABLE',
          message: 'Expected to read odd but received: no light',
        },
      },
      { path: '5.png', score: 5 },
    ]);
  });

  it('stops on cancellation and engine errors', async () => {
    const controller = new AbortController();
    const last = entry('last', () => {
      controller.abort();
      return image(1);
    });
    const entries = [of(5), last, of(6)];
    await expect(inspected(entries, controller.signal)).rejects.toThrow(
      expect.objectContaining({ code: 'CANCELLED' }),
    );
    const broken = answeringEngine(() => {
      throw new TypeError('a slip');
    });
    await expect(inspected([of(5)], undefined, broken)).rejects.toThrow(new TypeError('a slip'));
  });
});

describe('verdictOf', () => {
  const inspection = {
    image: image(0),
    score: 15,
    map: { width: 4, height: 2, data: Float32Array.of(0, 0, 9, 9, 0, 0, 0, 0) },
  };
  const { calibration } = manifest;
  const own = of(64);

  it('applies the thresholds of the given manifest', () => {
    const strict = { calibration: { ...calibration, threshold: 10, pixelThreshold: 5 } };
    const unsure = { calibration: { ...calibration, unsure: { rule: '10', threshold: 10 } } };
    expect(verdictOf(inspection, own, strict)).toMatchObject({
      ...inspection,
      path: '64.png',
      threshold: 10,
      verdict: 'anomalous',
      isAnomalous: true,
      // Two map pixels of 16 x 32 image pixels.
      regions: [{ area: 1024, peak: 9 }],
    });
    expect(verdictOf(inspection, own, unsure)).toMatchObject({
      threshold: 20,
      verdict: 'unsure',
      isAnomalous: false,
    });
    expect(verdictOf(inspection, own, strict).entry).toBe(own);
  });

  it('leaves out regions of fewer pixels', () => {
    const strict = { calibration: { ...calibration, pixelThreshold: 5 } };
    expect(verdictOf(inspection, own, strict, 1024).regions).toHaveLength(1);
    expect(verdictOf(inspection, own, strict, 1025).regions).toEqual([]);
  });
});
