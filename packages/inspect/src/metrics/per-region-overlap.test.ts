import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apart } from '../../testing/bins.ts';
import { aupro as auproOf } from './per-region-overlap.ts';
import { countPixels, rankPixels, sumPixels } from './pixel-counts.ts';

interface Golden {
  name: string;
  width: number;
  height: number;
  maps: number[][];
  masks: (number[] | null)[];
  value: number;
}

const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('./goldens/per-region-overlap.json', import.meta.url), 'utf8'),
);

interface Images {
  width: number;
  height: number;
  maps: Float32Array[];
  masks: (Uint8Array | undefined)[];
}

/**
 * AUPRO of maps, whose values are first put into bins of their own: only their order counts, and apart from the width
 * of the bins the result is exact.
 */
function aupro(
  maps: readonly Float32Array[],
  masks: readonly (Uint8Array | undefined)[],
  { width, height, maximumPoints }: { width: number; height: number; maximumPoints: number },
) {
  const counts = apart(maps).map((map, index) => countPixels(map, masks[index], width, height));
  return auproOf(rankPixels(sumPixels(counts)), maximumPoints);
}

/** The regions of a mask as lists of pixels: neighbours are merged until nothing changes. */
function regionsOf(mask: Uint8Array, width: number): number[][] {
  let regions = [...mask.keys()].filter((index) => mask[index] !== 0).map((index) => [index]);
  const touches = (left: number, right: number) =>
    Math.abs((left % width) - (right % width)) <= 1 &&
    Math.abs(Math.floor(left / width) - Math.floor(right / width)) <= 1;
  for (let index = 0; index < regions.length; ) {
    const region = regions[index] as number[];
    const meets = (other: number[]) =>
      other !== region && other.some((a) => region.some((b) => touches(a, b)));
    const met = regions.filter(meets);
    regions = regions.filter((other) => !met.includes(other));
    region.push(...met.flat());
    index = met.length > 0 ? 0 : index + 1;
  }
  return regions;
}

/** Straight from the definition: every threshold, every region, every pixel. */
function bruteForce({ width, maps, masks }: Images): number {
  const regions = maps.flatMap((map, image) =>
    regionsOf(masks[image] ?? new Uint8Array(map.length), width).map((region) =>
      region.map((index) => map[index] as number),
    ),
  );
  const outside = maps.flatMap((map, image) =>
    [...map].filter((_, index) => !masks[image]?.[index]),
  );
  const share = (scores: number[], threshold: number) =>
    scores.filter((score) => score >= threshold).length / scores.length;
  const thresholds = [...new Set(maps.flatMap((map) => [...map]))].sort((a, b) => b - a);
  const points = [Infinity, ...thresholds].map((threshold) => ({
    x: share(outside, threshold),
    y: regions.reduce((sum, region) => sum + share(region, threshold), 0) / regions.length,
  }));
  let area = 0;
  for (const [index, right] of points.slice(1).entries()) {
    const left = points[index] as typeof right;
    // The part of this segment left of 0.3, and the height of the line there.
    const end = Math.min(right.x, 0.3);
    if (end <= left.x) continue;
    const slope = (right.y - left.y) / (right.x - left.x);
    area += (end - left.x) * (left.y + (slope * (end - left.x)) / 2);
  }
  return area / 0.3;
}

/** Up to three small images; scores of few levels or of many, some images without a mask. */
const images = fc
  .record({
    width: fc.integer({ min: 1, max: 7 }),
    height: fc.integer({ min: 1, max: 7 }),
    levels: fc.constantFrom(2, 5, 1000),
  })
  .chain(({ width, height, levels }) => {
    const length = { minLength: width * height, maxLength: width * height };
    const map = fc
      .array(fc.integer({ min: -levels, max: levels }), length)
      .map((values) => Float32Array.from(values, (value) => value / 8));
    const mask = fc
      .array(fc.constantFrom(0, 0, 1), length)
      .map((values) => Uint8Array.from(values));
    return fc
      .array(fc.tuple(map, fc.option(mask, { nil: undefined })), { minLength: 1, maxLength: 3 })
      .map((pairs) => ({
        width,
        height,
        maps: pairs.map(([map]) => map),
        masks: pairs.map(([, mask]) => mask),
      }));
  });

const maximumPoints = 100;

describe('aupro', () => {
  it.each(goldens)('scikit-image and numpy, $name', ({ width, height, maps, masks, value }) => {
    const result = aupro(
      maps.map((map) => Float32Array.from(map)),
      masks.map((mask) => (mask === null ? undefined : Uint8Array.from(mask))),
      { width, height, maximumPoints },
    );
    expect(result.value).toBeCloseTo(value, 12);
  });

  it('agrees with the definition, threshold by threshold', () => {
    fc.assert(
      fc.property(images, (set) => {
        const { value } = aupro(set.maps, set.masks, { ...set, maximumPoints });
        const expected = bruteForce(set);
        if (Number.isNaN(value)) {
          const inside = set.masks.flatMap((mask) => [...(mask ?? [])]).filter(Boolean).length;
          expect([0, set.maps.length * set.width * set.height]).toContain(inside);
        } else {
          expect(value).toBeCloseTo(expected, 12);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('does not change under a strictly rising transform of the scores', () => {
    fc.assert(
      fc.property(images, (set) => {
        const transformed = set.maps.map((map) => map.map((score) => 4 * score + 2));
        const options = { ...set, maximumPoints };
        expect(aupro(transformed, set.masks, options)).toEqual(aupro(set.maps, set.masks, options));
      }),
    );
  });

  it('takes a mask of zeros for a good image', () => {
    fc.assert(
      fc.property(images, (set) => {
        const masks = set.masks.map((mask) => mask ?? new Uint8Array(set.width * set.height));
        const options = { ...set, maximumPoints };
        expect(aupro(set.maps, masks, options)).toEqual(aupro(set.maps, set.masks, options));
      }),
    );
  });

  it('counts a small region as much as a large one', () => {
    // The large region (6 pixels) is found before any false positive, the single pixel never.
    const map = Float32Array.of(9, 9, 9, 9, 9, 9, 5, 1, 5, 5);
    const mask = Uint8Array.of(1, 1, 1, 1, 1, 1, 0, 1, 0, 0);
    const { value } = aupro([map], [mask], { width: 10, height: 1, maximumPoints });
    expect(value).toBeCloseTo(0.5, 12);
  });

  it('is 1 for maps that set every defect above everything else, 0.15 for maps without contrast', () => {
    const mask = Uint8Array.of(1, 0, 0, 1, 0, 0);
    const options = { width: 6, height: 1, maximumPoints };
    expect(aupro([Float32Array.from(mask)], [mask], options).value).toBeCloseTo(1, 12);
    // One line from (0, 0) to (1, 1): its mean height left of 0.3.
    expect(aupro([new Float32Array(6)], [mask], options).value).toBeCloseTo(0.15, 12);
  });

  it('never passes 1 with a million pixels in regions whose shares are rounded', () => {
    const width = 1000;
    const mask = new Uint8Array(width * width);
    for (let y = 0; y < width; y++) if (y % 8 !== 7) mask.fill(1, y * width, (y + 1) * width - 1);
    const map = Float32Array.from(mask, (inside, index) => inside + (index % 997) / 1000);
    const { value, curve } = aupro([map], [mask], { width, height: width, maximumPoints });
    expect(value).toBeCloseTo(1, 9);
    expect(Math.max(...curve.map(({ overlap }) => overlap))).toBeLessThanOrEqual(1);
  });

  it('is NaN, with an empty curve, without a defect, without good pixels, or with a score of NaN', () => {
    const options = { width: 2, height: 1, maximumPoints };
    const nothing = { value: Number.NaN, curve: [] };
    const map = Float32Array.of(1, 2);
    expect(aupro([], [], options)).toEqual(nothing);
    expect(aupro([map], [undefined], options)).toEqual(nothing);
    expect(aupro([map], [Uint8Array.of(1, 1)], options)).toEqual(nothing);
    expect(aupro([Float32Array.of(1, Number.NaN)], [Uint8Array.of(1, 0)], options)).toEqual(
      nothing,
    );
  });

  it('gives a curve from the origin to 0.3 that rises and keeps to its bound', () => {
    fc.assert(
      fc.property(images, fc.integer({ min: 4, max: 30 }), (set, most) => {
        const { value, curve } = aupro(set.maps, set.masks, { ...set, maximumPoints: most });
        if (Number.isNaN(value)) return;
        expect(curve.length).toBeLessThanOrEqual(most);
        expect(curve[0]).toEqual({ falsePositiveRate: 0, overlap: 0 });
        expect(curve.at(-1)?.falsePositiveRate).toBe(0.3);
        let area = 0;
        for (const [index, point] of curve.slice(1).entries()) {
          const last = curve[index] as typeof point;
          expect(point.falsePositiveRate).toBeGreaterThanOrEqual(last.falsePositiveRate);
          expect(point.overlap).toBeGreaterThanOrEqual(last.overlap);
          area +=
            ((point.falsePositiveRate - last.falsePositiveRate) * (point.overlap + last.overlap)) /
            2;
        }
        expect(Math.abs(area / 0.3 - value)).toBeLessThanOrEqual(2 / (most - 2) + 1e-12);
      }),
    );
  });

  it('refuses too few points', () => {
    expect(() => aupro([], [], { width: 1, height: 1, maximumPoints: 3 })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});
