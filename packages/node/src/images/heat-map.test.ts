import { type Image, regionsOf } from '@bigrid/inspect';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { drawHeatMap, type HeatMapValues } from './heat-map.ts';

const scale = { lowest: 0, highest: 1 };

function plain(width: number, height: number, red = 120, green = 120, blue = 120): Image {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += 3) data.set([red, green, blue], i);
  return { width, height, data };
}

function map(width: number, height: number, at: (x: number, y: number) => number): HeatMapValues {
  const data = Float32Array.from({ length: width * height }, (_, i) =>
    at(i % width, Math.floor(i / width)),
  );
  return { width, height, data };
}

async function decode(png: Buffer) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y: number) => [
    ...data.subarray((y * info.width + x) * 3).subarray(0, 3),
  ];
  return { ...info, data, pixel };
}

describe('drawHeatMap', () => {
  it('leaves a good image plain and grey', async () => {
    const png = await drawHeatMap(
      plain(40, 30, 200, 40, 40),
      map(8, 8, () => -3),
      { ...scale, regions: [] },
    );
    const drawing = await decode(png);
    expect([drawing.width, drawing.height, drawing.channels]).toEqual([40, 30, 3]);
    const [red, green, blue] = drawing.pixel(20, 15);
    expect(red).toBe(green);
    expect(green).toBe(blue);
    expect(new Set(drawing.data).size).toBe(1);
  });

  it('gets lighter and more opaque with the value', async () => {
    const png = await drawHeatMap(
      plain(256, 8, 0, 0, 0),
      map(256, 8, (x) => x / 255),
      scale,
    );
    const drawing = await decode(png);
    const light = Array.from({ length: 256 }, (_, x) => {
      const [red = 0, green = 0, blue = 0] = drawing.pixel(x, 4);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    });
    for (let x = 8; x < 256; x += 8) {
      expect(light[x] ?? 0).toBeGreaterThan((light[x - 8] ?? 0) - 0.01);
    }
    expect(light[255]).toBeGreaterThan(180);
  });

  it('shows at once what is just above the lowest value, and nothing below it', async () => {
    const edge = map(16, 1, (x) => (x < 8 ? 0.999 : 1.001));
    const drawing = await decode(
      await drawHeatMap(plain(16, 1), edge, { lowest: 1, highest: 2, regions: [] }),
    );
    expect(drawing.pixel(7, 0)).toEqual([120, 120, 120]);
    const faintest = drawing.pixel(9, 0);
    expect(Math.max(...faintest.map((value) => Math.abs(value - 120)))).toBeGreaterThan(25);
    const brightest = await decode(
      await drawHeatMap(
        plain(16, 1),
        map(16, 1, () => 2),
        { lowest: 1, highest: 2 },
      ),
    );
    expect(brightest.pixel(9, 0)[0]).toBeGreaterThan(200);
  });

  it.each([
    ['as large as the image', 200],
    ['of two pixels', 2],
  ])('hatches what is ignored, by a mask %s', async (_, side) => {
    const data = Uint8Array.from({ length: side }, (_, x) => (x < side / 2 ? 255 : 0));
    const ignored = { width: side, height: 1, data };
    const flat = map(4, 4, () => 5);
    const image = plain(200, 100, 0, 0, 0);
    const hatched = await decode(await drawHeatMap(image, flat, { ...scale, ignored }));
    const without = await decode(await drawHeatMap(image, flat, scale));
    const row = (drawing: typeof hatched, from: number) =>
      Array.from({ length: 100 }, (_, x) => drawing.pixel(from + x, 50).join());
    expect(row(hatched, 100)).toEqual(row(without, 100));
    // Lines, and between them what was there, darker.
    expect(new Set(row(hatched, 0)).size).toBe(2);
    expect(row(hatched, 0)).not.toContain(without.pixel(0, 50).join());
  });

  it('uses the scale given, not the range of the image', async () => {
    const weak = map(8, 8, () => 0.2);
    const wide = await decode(await drawHeatMap(plain(16, 16), weak, { lowest: 0, highest: 10 }));
    const tight = await decode(await drawHeatMap(plain(16, 16), weak, { lowest: 0, highest: 0.2 }));
    expect(Math.max(...wide.pixel(8, 8))).toBeLessThanOrEqual(120);
    expect(tight.pixel(8, 8)[0]).toBeGreaterThan(200);
    const beyond = await decode(
      await drawHeatMap(
        plain(16, 16),
        map(8, 8, () => 99),
        { lowest: 0, highest: 0.2 },
      ),
    );
    expect(beyond.pixel(8, 8)).toEqual(tight.pixel(8, 8));
  });

  it('spreads the map evenly over the image', async () => {
    const left = map(2, 1, (x) => (x === 0 ? 1 : 0));
    const drawing = await decode(await drawHeatMap(plain(400, 100), left, scale));
    expect(drawing.pixel(50, 50)).toEqual(drawing.pixel(0, 0));
    expect(drawing.pixel(350, 50)).toEqual([120, 120, 120]);
  });

  it('outlines regions, two pixels wide', async () => {
    const disc = map(64, 64, (x, y) => 1.5 - Math.hypot(x - 31.5, y - 31.5) / 16);
    const image = plain(256, 256);
    const regions = regionsOf(disc, image, 0.5);
    const drawing = await decode(await drawHeatMap(image, disc, { ...scale, regions }));
    // The disc has a radius of 16 map pixels, 64 image pixels, around (128, 128).
    const isLine = (x: number) => {
      const [red = 0, green = 0, blue = 0] = drawing.pixel(x, 128);
      return blue > 180 && green > 160 && red < 140;
    };
    const line = Array.from({ length: 128 }, (_, i) => 128 + i).filter(isLine);
    expect(line.length).toBeGreaterThanOrEqual(1);
    expect(line.length).toBeLessThanOrEqual(3);
    expect(Math.abs((line[0] ?? 0) - 192)).toBeLessThanOrEqual(2);
    const without = await decode(await drawHeatMap(plain(256, 256), disc, scale));
    expect(without.pixel(line[0] ?? 0, 128)).not.toEqual(drawing.pixel(line[0] ?? 0, 128));
    expect(without.pixel(128, 128)).toEqual(drawing.pixel(128, 128));
  });

  it('draws long images at 1,024 pixels and small ones as they are', async () => {
    const flat = map(4, 4, () => 0);
    const long = await decode(await drawHeatMap(plain(3000, 1500), flat, scale));
    expect([long.width, long.height]).toEqual([1024, 512]);
    const sliver = await decode(await drawHeatMap(plain(4000, 1), flat, scale));
    expect([sliver.width, sliver.height]).toEqual([1024, 1]);
    const dot = await decode(await drawHeatMap(plain(1, 1), flat, scale));
    expect([dot.width, dot.height]).toEqual([1, 1]);
  });

  it('takes values that are not finite', async () => {
    const odd = map(4, 4, (x) => [Number.NaN, Number.POSITIVE_INFINITY, 0, 0][x] ?? 0);
    const drawing = await decode(await drawHeatMap(plain(4, 4), odd, scale));
    expect(drawing.pixel(0, 1)).toEqual([120, 120, 120]);
    expect(drawing.pixel(1, 1)[0]).toBeGreaterThan(200);
    expect(drawing.pixel(3, 1)).toEqual([120, 120, 120]);
  });

  it('refuses sizes and scales that contradict each other', async () => {
    const flat = map(4, 4, () => 0);
    for (const bad of [
      drawHeatMap(plain(4, 4), { ...flat, width: 5 }, scale),
      drawHeatMap({ ...plain(4, 4), height: 5 }, flat, scale),
      drawHeatMap(plain(4, 4), flat, { lowest: 1, highest: 1 }),
      drawHeatMap(plain(4, 4), flat, { lowest: Number.NaN, highest: 1 }),
    ]) {
      await expect(bad).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    }
  });
});
