import { describe, expect, it } from 'vitest';
import { tinyMethod } from '../../../method/testing/tiny.ts';
import { countingEngine, engine, entry, image, memoryScratches } from '../../testing/fakes.ts';
import type { ImageEntry, OpenScratch } from '../ports.ts';
import { DecodedOnce } from './decoded-once.ts';

const { inputSize } = tinyMethod;
const ignored = { width: 1, height: 1, data: Uint8Array.of(0) };

/** Two images larger than what the model sees, and how often each was decoded. */
function twoImages() {
  const decoded = [0, 0];
  const entries: ImageEntry[] = decoded.map((_, seed) => ({
    ...entry(`${seed}`, () => {
      decoded[seed] = (decoded[seed] as number) + 1;
      return image(seed, { width: 150 });
    }),
    ignored,
  }));
  return { decoded, entries };
}

async function open(openScratch: OpenScratch, mostBytes?: number) {
  return DecodedOnce.open(engine, tinyMethod, openScratch, mostBytes);
}

describe('images decoded once', () => {
  it('are original at first, and then as resized by the model', async () => {
    const { decoded, entries } = twoImages();
    const once = await open(memoryScratches().open);
    const [a, b] = once.of(entries) as [ImageEntry, ImageEntry];
    expect([a.path, a.ignored]).toEqual(['0', ignored]);
    // Started together, as when images are read ahead.
    expect(await Promise.all([b.read(), a.read()])).toEqual([
      image(1, { width: 150 }),
      image(0, { width: 150 }),
    ]);
    const [smallA, smallB] = [await a.read(), await b.read()];
    expect([smallA.width, smallA.height]).toEqual([inputSize, inputSize]);
    expect(smallA.data).not.toEqual(smallB.data);
    expect(decoded).toEqual([1, 1]);
    // What the model's resize makes of another is its own again.
    const again = await open(memoryScratches().open);
    const [same] = again.of([entry('same', () => smallA)]) as [ImageEntry];
    expect([await same.read(), await same.read()]).toEqual([smallA, smallA]);
    await Promise.all([once.dispose(), again.dispose()]);
  });

  it.each([
    ['there are too many', memoryScratches().open, 1],
    [
      'the disk is full',
      async (blockBytes: number) => ({
        ...(await memoryScratches().open(blockBytes)),
        append: () => Promise.reject(new Error('full')),
      }),
      0,
    ],
  ] as const)('are decoded again if %s', async (_why, openScratch, heldAside) => {
    const { decoded, entries } = twoImages();
    const once = await open(openScratch, 2 * 3 * inputSize ** 2 - 1);
    const read = once.of(entries);
    for (let pass = 0; pass < 2; pass++) for (const one of read) await one.read();
    expect(decoded).toEqual([heldAside === 1 ? 1 : 2, 2]);
    expect(await read[1]?.read()).toEqual(image(1, { width: 150 }));
    await once.dispose();
  });

  it('free their space', async () => {
    const { engine: counting, state } = countingEngine();
    const scratches = memoryScratches();
    const once = await DecodedOnce.open(counting, tinyMethod, scratches.open);
    expect([state.open, scratches.state.opened]).toEqual([1, 1]);
    await once.dispose();
    expect([state.open, scratches.state.disposed]).toEqual([0, 1]);
    const failing = () => Promise.reject(new Error('full'));
    await expect(DecodedOnce.open(counting, tinyMethod, failing)).rejects.toThrow('full');
    expect(state.open).toBe(0);
  });
});
