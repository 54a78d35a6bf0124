import { expect, it } from 'vitest';
import { image } from '../testing/fakes.ts';
import { imageStatistics } from './image-statistics.ts';
import type { Image } from './ports.ts';

function made(width: number, height: number, pixel: (x: number, y: number) => number[]): Image {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(pixel(x, y), 3 * (y * width + x));
  }
  return { width, height, data };
}

const striped = (light: number, dark: number, across: number) =>
  made(64, 64, (x) => Array(3).fill(Math.floor(x / across) % 2 === 0 ? light : dark));

it('measures known values', () => {
  // Half the pixels at 200, half at 100: mean 150, deviation 50; at every other pixel but the last a step of 100.
  const { brightness, contrast, sharpness, red, blue } = imageStatistics(striped(200, 100, 2));
  expect(brightness).toBeCloseTo(150 / 255, 3);
  expect(contrast).toBeCloseTo(1 / 3, 3);
  expect(sharpness).toBeCloseTo((31 / 64) * 2, 3);
  expect([red, blue]).toEqual([0.3333, 0.3333]);
  const coloured = imageStatistics(made(5, 5, () => [100, 60, 40]));
  expect(coloured).toEqual({
    brightness: 0.2733,
    contrast: 0,
    sharpness: 0,
    red: 0.5,
    blue: 0.2,
  });
});

it('distinguishes a darker image from one with less contrast and from a blurred one', () => {
  const usual = imageStatistics(striped(200, 100, 2));
  const darker = imageStatistics(striped(100, 50, 2));
  expect(darker.brightness).toBeCloseTo(usual.brightness / 2, 3);
  expect(darker.contrast).toBeCloseTo(usual.contrast, 3);
  expect(darker.sharpness).toBeCloseTo(usual.sharpness, 3);
  const lowContrast = imageStatistics(striped(175, 125, 2));
  expect(lowContrast.contrast).toBeCloseTo(usual.contrast / 2, 3);
  expect(lowContrast.brightness).toBe(usual.brightness);
  expect(lowContrast.sharpness).toBeCloseTo(usual.sharpness, 3);
  const broader = imageStatistics(striped(200, 100, 4));
  expect(broader.sharpness).toBeLessThan(0.6 * usual.sharpness);
  expect(broader.contrast).toBeCloseTo(usual.contrast, 3);
});

it('handles black and tiny images', () => {
  const black = { brightness: 0, contrast: 0, sharpness: 0, red: 0.3333, blue: 0.3333 };
  expect(imageStatistics(made(1, 1, () => [0, 0, 0]))).toEqual(black);
});

it('samples a large image', () => {
  const large = image(1, { width: 1000 });
  const all = large.data.reduce((sum, value) => sum + value, 0) / large.data.length / 255;
  expect(imageStatistics(large).brightness).toBeCloseTo(all, 2);
});
