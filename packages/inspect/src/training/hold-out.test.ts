import { Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { goodEntries } from '../../testing/fakes.ts';
import { holdOut, sampled } from './hold-out.ts';

/** Pictures of pieces: those of one piece have the same fingerprint, different pieces random ones. */
function pictures(pieces: readonly number[]) {
  return goodEntries(pieces.length).map((entry, index) => {
    const random = new Random(pieces[index] as number);
    const fingerprint = Uint32Array.from({ length: 8 }, () => random.integer(0, 2 ** 31 - 1));
    return { entry, fingerprint };
  });
}

function split(pieces: readonly number[], seed = 0) {
  const all = pictures(pieces);
  return holdOut([{ name: 'part', entries: all.map(({ entry }) => entry) }], all, seed);
}

const unlike = [...Array(40).keys()];

describe('holdOut', () => {
  it('draws a tenth by seed, and loses none', () => {
    const { training, heldOut } = split(unlike);
    expect(heldOut).toHaveLength(4);
    expect([...training, ...heldOut].sort((a, b) => a - b)).toEqual(unlike);
    expect(split(unlike)).toEqual({ training, heldOut });
    expect(split(unlike, 1).heldOut).not.toEqual(heldOut);
  });

  it.each([0, 1, 2, 3, 4])('keeps pictures of one piece together, seed %i', (seed) => {
    const pieces = unlike.map((index) => Math.floor(index / 2));
    const { training, heldOut } = split(pieces, seed);
    expect(heldOut).toHaveLength(4);
    const learnt = new Set(training.map((index) => pieces[index]));
    expect(heldOut.filter((index) => learnt.has(pieces[index] as number))).toEqual([]);
  });

  it('takes no more than its share: groups that are larger are learnt from', () => {
    const pieces = unlike.map((index) => (index < 30 ? 0 : index));
    const { heldOut } = split(pieces);
    expect(heldOut).toHaveLength(4);
    expect(heldOut.every((index) => index >= 30)).toBe(true);
  });

  it('still holds some out where every group is larger than the share', () => {
    expect(split(unlike.map((index) => index % 4)).heldOut).toHaveLength(4);
    expect(split(Array(10).fill(0)).heldOut).toHaveLength(1);
  });

  it('refuses a class with too few that could be read', () => {
    const all = pictures(unlike);
    const classes = [{ name: 'part', entries: all.map(({ entry }) => entry) }];
    expect(() => holdOut(classes, all.slice(0, 3), 0)).toThrow(
      expect.objectContaining({ code: 'DATA_TOO_FEW' }),
    );
  });
});

describe('sampled', () => {
  const draw = (seed: number) =>
    sampled(
      [
        { name: 'large', entries: goodEntries(1000) },
        { name: 'small', entries: goodEntries(250, 5000) },
      ],
      50,
      seed,
    ).map(({ entries }) => entries.map(({ path }) => Number(/\d+/.exec(path)?.[0])));

  it('draws from a large class all over it, in its order, and keeps a small one whole', () => {
    const [large = [], small] = draw(1);
    expect(large).toHaveLength(50 + 200);
    expect(new Set(large).size).toBe(250);
    expect(large).toEqual([...large].sort((a, b) => a - b));
    expect([Math.min(...large) < 50, Math.max(...large) >= 950]).toEqual([true, true]);
    expect(small).toEqual(Array.from({ length: 250 }, (_, i) => 5000 + i));
  });

  it('draws the same for the same seed', () => {
    expect(draw(1)).toEqual(draw(1));
    expect(draw(2)).not.toEqual(draw(1));
  });
});
