import { Random } from '@bigrid/method';
import { expect, it } from 'vitest';
import { image } from '../testing/fakes.ts';
import {
  FINGERPRINT_BITS,
  fingerprintDistance,
  fingerprintOf,
  groupNearDuplicates,
} from './fingerprint.ts';
import type { Image } from './ports.ts';

/** The same image with each value changed. */
function changed(original: Image, change: (value: number, index: number) => number): Image {
  return { ...original, data: original.data.map(change) };
}

/** The same image at twice the size. */
function doubled({ width, height, data }: Image): Image {
  const size = { width: 2 * width, height: 2 * height };
  return {
    ...size,
    data: Uint8Array.from({ length: size.width * size.height * 3 }, (_, index) => {
      const pixel = Math.floor(index / 3);
      const [x, y] = [pixel % size.width, Math.floor(pixel / size.width)];
      return data[3 * ((y >> 1) * width + (x >> 1)) + (index % 3)] as number;
    }),
  };
}

const prints = Array.from({ length: 12 }, (_, seed) => fingerprintOf(image(seed)));
const first = prints[0] as Uint32Array;

it('is the same for a darker and for a larger copy, except for a few bits', () => {
  expect(fingerprintDistance(first, fingerprintOf(image(0)))).toBe(0);
  expect(fingerprintDistance(first, fingerprintOf(doubled(image(0))))).toBe(0);
  const darker = changed(image(0), (value) => Math.round(value * 0.8));
  expect(fingerprintDistance(first, fingerprintOf(darker))).toBeLessThan(16);
});

it('counts the bits that differ', () => {
  expect(fingerprintDistance(Uint32Array.of(0, 5), Uint32Array.of(0xffffffff, 6))).toBe(34);
  for (const other of prints.slice(1)) {
    expect(fingerprintDistance(first, other)).toBeGreaterThan(0.2 * FINGERPRINT_BITS);
  }
});

it('groups copies transitively, by the first of them', () => {
  const darker = fingerprintOf(changed(image(3), (value) => value * 0.9));
  expect(groupNearDuplicates([...prints, darker, prints[5] as Uint32Array])).toEqual([
    ...prints.keys(),
    3,
    5,
  ]);
  // Each is one bit from the next, far from all others.
  const chain = [0, 1, 3, 7].map((bits) => Uint32Array.of(bits, 0));
  const others = [1, 2, 3, 4].map((n) => Uint32Array.of(0x1f1f << n, 0xffff << (4 * n)));
  expect(groupNearDuplicates([...chain, ...others]).slice(0, 4)).toEqual([0, 0, 0, 0]);
});

it('does not group images just because they all look alike', () => {
  const fixed = Array.from({ length: 8 }, (_, part) => Uint32Array.of(0xffff, 15 << (4 * part)));
  expect(groupNearDuplicates(fixed)).toEqual([...fixed.keys()]);
  expect(groupNearDuplicates([])).toEqual([]);
});

it('groups noisy frames of one scene, even if there is no other', () => {
  const frame = (seed: number) => {
    const random = new Random(seed);
    return changed(image(1), (value) => value + (random.uniform() < 0.05 ? 1 : 0));
  };
  const frames = Array.from({ length: 12 }, (_, seed) => fingerprintOf(frame(seed)));
  expect(new Set(groupNearDuplicates(frames)).size).toBe(1);
});

it('handles images of one colour and of one pixel', () => {
  const plain = (width: number, value: number): Image => ({
    width,
    height: 1,
    data: new Uint8Array(3 * width).fill(value),
  });
  const distance = fingerprintDistance(fingerprintOf(plain(1, 9)), fingerprintOf(plain(7, 200)));
  expect(distance).toBeLessThanOrEqual(FINGERPRINT_BITS);
});

it('groups parts that lie freely only where noise alone could tell their images apart', () => {
  // Eight bits apart, where others differ in 40: the same angle, but another part.
  const alike = [Uint32Array.of(0, 0), Uint32Array.of(0xff, 0)];
  const noisy = Uint32Array.of(0x400000ff, 0);
  const others = [1, 2, 3].map((n) => Uint32Array.of(0xffffffff, 0xffff0000 >>> n));
  const all = [...alike, noisy, ...others];
  expect(groupNearDuplicates(all).slice(0, 3)).toEqual([0, 0, 0]);
  expect(groupNearDuplicates(all, () => true).slice(0, 3)).toEqual([0, 1, 1]);
});
