import { describe, expect, it } from 'vitest';
import { type Region, regionsOf } from './regions.ts';

function map(width: number, height: number, at: (x: number, y: number) => number) {
  const data = Float32Array.from({ length: width * height }, (_, i) =>
    at(i % width, Math.floor(i / width)),
  );
  return { width, height, data };
}

/** Of digits, one a pixel. */
const drawn = (...rows: string[]) =>
  map(rows[0]?.length ?? 0, rows.length, (x, y) => Number(rows[y]?.[x]));

/** Shoelace formula; above 0 where the outline runs clockwise, with y down. */
function areaWithin({ outline }: Region): number {
  return outline.reduce((sum, [x, y], at) => {
    const [nextX, nextY] = outline[(at + 1) % outline.length] as readonly [number, number];
    return sum + (x * nextY - nextX * y) / 2;
  }, 0);
}

describe('regionsOf', () => {
  it('finds regions above the threshold, highest peak first, in image pixels', () => {
    const image = { width: 80, height: 20 };
    const [first, second, ...others] = regionsOf(drawn('3200', '0009', '0090', '0000'), image, 2);
    expect(others).toEqual([]);
    // Two pixels that touch at a corner; each is 20 x 5 pixels of the image.
    expect(first).toMatchObject({ peak: 9, area: 200 });
    expect(second).toMatchObject({ peak: 3, area: 100 });
    // From the image's edges all the way to the 2 on the right, a third of it to the 0 below.
    expect(second?.outline).toEqual(
      [
        [10, 0],
        [30, 2.5],
        [10, 4.2],
        [0, 2.5],
      ].map(([x = 0, y = 0]) => [expect.closeTo(x, 0), expect.closeTo(y, 0)]),
    );
    expect(regionsOf(drawn('00', '01'), image, 1)).toEqual([]);
  });

  it('outlines are smooth, whatever the size of the image', () => {
    const disc = map(64, 64, (x, y) => 20 - Math.hypot(x - 30, y - 34));
    for (const [width, height] of [
      [64, 64],
      [1024, 512],
    ] as const) {
      const regions = regionsOf(disc, { width, height }, 5);
      expect(regions).toHaveLength(1);
      const [region] = regions as [Region];
      const exact = Math.PI * 15 ** 2 * (width / 64) * (height / 64);
      expect(areaWithin(region) / exact).toBeCloseTo(1, 1);
      expect(region.area / exact).toBeCloseTo(1, 1);
      for (const [x, y] of region.outline) {
        const radius = Math.hypot((x * 64) / width - 30.5, (y * 64) / height - 34.5);
        expect(Math.abs(radius - 15)).toBeLessThan(0.2);
      }
      expect(region.outline.length).toBeLessThan(40);
      const { box } = region;
      expect((box.x * 64) / width).toBeCloseTo(15.5, 0);
      expect((box.width * 64) / width).toBeCloseTo(30, 0);
      expect((box.height * 64) / height).toBeCloseTo(30, 0);
    }
  });

  it('closes outlines at the edges, and excludes holes from the area only', () => {
    const ring = map(9, 9, (x, y) => (Math.max(Math.abs(x - 4), Math.abs(y - 4)) < 2 ? 0 : 1));
    const [region] = regionsOf(ring, { width: 9, height: 9 }, 0.5) as [Region];
    expect(region.area).toBe(72);
    expect(areaWithin(region)).toBeGreaterThan(80);
    expect(region.box).toEqual({ x: 0, y: 0, width: 9, height: 9 });
  });

  it('leaves out small ones', () => {
    const spots = drawn('900', '000', '077');
    const areas = (least: number) =>
      regionsOf(spots, { width: 30, height: 30 }, 5, least).map(({ area }) => area);
    expect(areas(0)).toEqual([100, 200]);
    expect(areas(200)).toEqual([200]);
    expect(areas(201)).toEqual([]);
  });

  it('handles non-finite values', () => {
    const odd = map(4, 1, (x) => [Number.NaN, Infinity, 0, -Infinity][x] ?? 0);
    const [region, ...others] = regionsOf(odd, { width: 4, height: 1 }, 1) as [Region];
    expect(others).toEqual([]);
    expect(region.peak).toBe(Infinity);
    expect(region.box).toEqual({ x: 1, y: 0, width: 1, height: 1 });
  });
});
