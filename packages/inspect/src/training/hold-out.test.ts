import { Random } from '@bigrid/method';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goodEntries } from '../../testing/fakes.ts';
import { groupNearDuplicates } from '../fingerprint.ts';
import { checkRules, type Fold, type Folds, holdOut, sampled, wantedGroups } from './hold-out.ts';

/** Images of pieces: those of one piece have the same fingerprint, different pieces random ones. */
function images(pieces: readonly number[]) {
  return goodEntries(pieces.length).map((entry, index) => {
    const random = new Random(pieces[index] as number);
    const fingerprint = Uint32Array.from({ length: 8 }, () => random.integer(0, 2 ** 31 - 1));
    return { entry, fingerprint };
  });
}

const groupsOf = (all: ReturnType<typeof images>) =>
  groupNearDuplicates(all.map(({ fingerprint }) => fingerprint));

function split(pieces: readonly number[], { seed = 0, wanted = 20 } = {}) {
  const all = images(pieces);
  const classes = [{ name: 'part', entries: all.map(({ entry }) => entry) }];
  return holdOut({ classes, images: all, groups: groupsOf(all), seed, wanted });
}

const sizes = ({ folds }: Folds) => folds.map(({ heldOut }) => heldOut.length);

const unlike = (count: number) => [...Array(count).keys()];

describe('holdOut', () => {
  it('draws a tenth by seed, and loses none', () => {
    const { folds, areNearDuplicates } = split(unlike(300));
    const [{ training, heldOut }] = folds as [Fold];
    expect([folds.length, heldOut.length, areNearDuplicates]).toEqual([1, 30, false]);
    expect([...training, ...heldOut].sort((a, b) => a - b)).toEqual(unlike(300));
    expect(split(unlike(300)).folds).toEqual(folds);
    expect(split(unlike(300), { seed: 1 }).folds).not.toEqual(folds);
  });

  it.each([
    // Up to a fifth where a tenth is too few, and folds in turn where a fifth is.
    [150, 20, [20]],
    [100, 20, [20]],
    [60, 20, [12, 8]],
    [12, 20, [3, 3, 3, 3]],
    [7, 20, [2, 2, 2, 1]],
    [30, 20, [6, 6, 6, 3]],
    [10, 20, [2, 2, 2, 2, 2]],
    [4, 20, [1, 1, 1, 1]],
    [300, 99, [60, 39]],
  ])('of %i images, for %i to set a threshold by, folds of %j', (count, wanted, expected) => {
    const all = split(unlike(count), { wanted });
    expect(sizes(all)).toEqual(expected);
    const heldOut = all.folds.flatMap((fold) => fold.heldOut);
    expect(new Set(heldOut).size).toBe(heldOut.length);
  });

  it('never learns a near-duplicate of what it holds out, whatever the groups and the seed', () => {
    const piece = fc.nat({ max: 12 });
    const property = fc.property(
      fc.array(piece, { minLength: 6, maxLength: 60 }),
      fc.nat(),
      (pieces, seed) => {
        fc.pre(new Set(pieces).size > 1);
        const { folds, groups, areNearDuplicates } = split(pieces, { seed });
        if (areNearDuplicates) return;
        for (const { training, heldOut } of folds) {
          expect(training.length).toBeGreaterThanOrEqual(3);
          const learnt = new Set(training.map((at) => groups[at]));
          expect(heldOut.some((at) => learnt.has(groups[at] as number))).toBe(false);
          expect([...training, ...heldOut].sort((a, b) => a - b)).toEqual(unlike(pieces.length));
        }
        const all = folds.flatMap(({ heldOut }) => heldOut);
        expect(new Set(all).size).toBe(all.length);
      },
    );
    fc.assert(property, { numRuns: 100 });
  });

  it.each([
    ['6 parts x 10 frames', 6, 10, [10, 10, 10, 10, 10, 10]],
    ['3 parts x 20 frames', 3, 20, [20, 20, 20]],
    ['25 parts x 10 frames', 25, 10, [50, 50, 50, 50]],
    ['100 parts x 40 frames', 100, 40, [800]],
    ['100 parts x 2 frames', 100, 2, [40]],
  ])('leaves whole parts out in turn: %s', (_, parts, frames, expected) => {
    const pieces = unlike(parts * frames).map((index) => Math.floor(index / frames));
    const all = split(pieces);
    expect(sizes(all)).toEqual(expected);
    expect(all.areNearDuplicates).toBe(false);
  });

  it('holds out a large group last, and not if too few would be left to learn', () => {
    // Twenty others suffice.
    const others = split(unlike(60).map((index) => (index < 30 ? 0 : index)));
    expect(others.folds.every(({ heldOut }) => heldOut.every((at) => at >= 30))).toBe(true);
    // A single image among 39 frames of one part.
    const loner = split(unlike(40).map((index) => Math.min(1, index)));
    expect(loner.folds.map(({ heldOut }) => heldOut)).toEqual([[0]]);
  });

  it('reports if all are of one part: a tenth of them is held out anyway', () => {
    for (const [count, expected] of [
      [40, 4],
      [10, 1],
    ] as const) {
      const all = split(Array(count).fill(0));
      expect([sizes(all), all.areNearDuplicates]).toEqual([[expected], true]);
    }
  });

  it('holds out of every class in each fold as long as there are any', () => {
    const all = images(unlike(48));
    const entries = all.map(({ entry }) => entry);
    const classes = [
      { name: 'left', entries: entries.slice(0, 40) },
      { name: 'right', entries: entries.slice(40) },
    ];
    const { folds } = holdOut({ classes, images: all, groups: groupsOf(all), seed: 0, wanted: 20 });
    const counts = folds.map(({ heldOut }) => [
      heldOut.filter((at) => at < 40).length,
      heldOut.filter((at) => at >= 40).length,
    ]);
    expect(counts).toEqual([
      [8, 2],
      [4, 2],
      [0, 2],
      [0, 2],
    ]);
  });

  it('holds out neither images learnt before nor their near-duplicates', () => {
    const all = images(unlike(60).map((index) => (index < 20 ? Math.floor(index / 2) : index)));
    const classes = [{ name: 'part', entries: all.map(({ entry }) => entry) }];
    const known = unlike(10).map((index) => 2 * index);
    const input = { classes, images: all, groups: groupsOf(all), seed: 0, wanted: 20 };
    const { folds, areNearDuplicates } = holdOut({ ...input, known });
    expect(areNearDuplicates).toBe(false);
    expect(folds.every(({ heldOut }) => heldOut.every((at) => at >= 20))).toBe(true);
    expect(holdOut({ ...input, known: unlike(60) }).areNearDuplicates).toBe(true);
  });

  it('refuses a class with too few that could be read', () => {
    const all = images(unlike(40));
    const classes = [{ name: 'part', entries: all.map(({ entry }) => entry) }];
    const few = all.slice(0, 3);
    expect(() =>
      holdOut({ classes, images: few, groups: groupsOf(few), seed: 0, wanted: 20 }),
    ).toThrow(expect.objectContaining({ code: 'DATA_TOO_FEW' }));
  });
});

describe('checkRules', () => {
  it('counts near-duplicates once', () => {
    const rules = { threshold: 'max-fpr:0.1' };
    expect(() => checkRules(rules, 9, 90)).not.toThrow();
    expect(() => checkRules(rules, 6, 60)).toThrow(
      'Expected at least 9 normal images of different parts for the threshold max-fpr:0.1 but received 60 of 6',
    );
    expect(() => checkRules({ unsure: 'max-fpr:0.1' }, 8, 8)).toThrow('but received 8');
  });

  it('wants as many as the rules take, and twenty in any case', () => {
    expect(wantedGroups(undefined)).toBe(20);
    expect(wantedGroups({ threshold: 'max-fpr:0.01', unsure: 'none' })).toBe(105);
    expect(wantedGroups({ threshold: '4.2', unsure: 'max-fpr:0.2' })).toBe(20);
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

  it('samples a large class evenly, in order, and keeps a small one whole', () => {
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
