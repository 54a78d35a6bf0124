import { setImmediate } from 'node:timers/promises';
import type { Engine } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../testing/example-manifest.ts';
import { answeringEngine, entry, image, someModel, unreadable } from '../testing/fakes.ts';
import { Detector } from './detection/detector.ts';
import { OpenDetector } from './open-detector.ts';
import type { ImageEntry } from './ports.ts';
import { ByteBudget } from './work.ts';

/** The score is the width of the image. */
const answering = answeringEngine(({ shape }) => ({
  score: shape[2] as number,
  width: 4,
  map: new Float32Array(8),
}));
const manifest = {
  ...exampleManifest,
  calibration: { ...exampleManifest.calibration, scores: [5, 10, 20], threshold: 20 },
};

/** An engine whose runs wait for `go`, and which counts its calls. */
function heldEngine() {
  const counts = { loaded: 0, disposed: 0, running: 0 };
  const { promise, resolve: go } = Promise.withResolvers<void>();
  const engine: Engine = {
    ...answering,
    async load(model) {
      counts.loaded++;
      const session = await answering.load(model);
      return {
        async run(inputs) {
          counts.running++;
          await promise;
          return session.run(inputs);
        },
        dispose: async () => void counts.disposed++,
      };
    },
  };
  return { engine, counts, go };
}

const open = async (engine: Engine = answering) =>
  new OpenDetector(
    await Detector.load(engine, someModel()),
    manifest,
    (input: ImageEntry | number) =>
      typeof input === 'number' ? entry(`${input}.png`, () => image(0, { width: input })) : input,
  );

const coded = (code: string) => expect.objectContaining({ code });

describe('OpenDetector', () => {
  it('inspects many images at once with a model that is loaded once', async () => {
    const { engine, counts, go } = heldEngine();
    const detector = await open(engine);
    const verdicts = Promise.all([21, 5, 20].map((width) => detector.inspect(width)));
    while (counts.running < 3) await setImmediate();
    go();
    expect(await verdicts).toMatchObject([
      { path: '21.png', score: 21, isAnomalous: true },
      { path: '5.png', score: 5, isAnomalous: false },
      { path: '20.png', score: 20, verdict: 'normal' },
    ]);
    expect(counts.loaded).toBe(1);
    expect(detector).toMatchObject({ threshold: 20, unsureThreshold: undefined, manifest });
  });

  it('rejects with the error of an image, and continues', async () => {
    const detector = await open();
    await expect(detector.inspect(unreadable('b', 'PATH_MISSING'))).rejects.toThrow(
      coded('PATH_MISSING'),
    );
    const odd = { path: 'odd', read: () => Promise.reject(new TypeError('no light')) };
    await expect(detector.inspect(odd)).rejects.toThrow(coded('IMAGE_UNREADABLE'));
    expect(await detector.inspect(30)).toMatchObject({ score: 30 });
  });

  it('waits for running inspections on disposal, and accepts nothing after it', async () => {
    const { engine, counts, go } = heldEngine();
    const detector = await open(engine);
    const verdict = detector.inspect(21);
    let isDisposed = false;
    const disposal = detector.dispose().then(() => {
      isDisposed = true;
    });
    await expect(detector.inspect(5)).rejects.toThrow(coded('DETECTOR_DISPOSED'));
    await setImmediate();
    expect([isDisposed, counts.disposed]).toEqual([false, 0]);
    go();
    expect(await verdict).toMatchObject({ score: 21 });
    await disposal;
    await detector[Symbol.asyncDispose]();
    expect(counts.disposed).toBe(1);
  });

  it('rejects one call if its signal is aborted, and serves the others', async () => {
    const { engine, go } = heldEngine();
    const detector = await open(engine);
    const controller = new AbortController();
    const cancelled = detector.inspect(21, { signal: controller.signal });
    const other = detector.inspect(5);
    controller.abort();
    await expect(cancelled).rejects.toThrow(coded('CANCELLED'));
    go();
    expect(await other).toMatchObject({ score: 5 });
    await expect(detector.inspect(5, { signal: AbortSignal.abort() })).rejects.toThrow(
      coded('CANCELLED'),
    );
  });

  it('never decodes more than memory has room for, even if one image is slow', async () => {
    const { engine, counts, go } = heldEngine();
    const detector = await open(engine);
    const never = entry('stuck', () => new Promise(() => {}));
    detector.inspect(never).catch(() => {});
    const begun: number[] = [];
    const large = (index: number): ImageEntry => ({
      path: `${index}.png`,
      async read(takeRoom) {
        await takeRoom?.(2 ** 27);
        begun.push(index);
        return image(0);
      },
    });
    const verdicts = [0, 1, 2].map((index) => detector.inspect(large(index)));
    while (counts.running < 2) await setImmediate();
    for (let i = 0; i < 10; i++) await setImmediate();
    expect(begun).toEqual([0, 1]);
    go();
    await Promise.all(verdicts);
    expect(begun).toEqual([0, 1, 2]);
  });
});

describe('ByteBudget', () => {
  it('grants room first come, first served, and more than the maximum to a single caller', async () => {
    const budget = new ByteBudget(10);
    const given: string[] = [];
    const take = (name: string, bytes: number) =>
      budget.take(bytes).then(() => void given.push(name));
    for (const [name, bytes] of [
      ['a', 6],
      ['b', 99],
      ['c', 1],
    ] as const)
      take(name, bytes);
    await setImmediate();
    expect(given).toEqual(['a']);
    budget.giveBack(6);
    await setImmediate();
    expect(given).toEqual(['a', 'b']);
    budget.giveBack(99);
    await setImmediate();
    expect(given).toEqual(['a', 'b', 'c']);
  });
});
