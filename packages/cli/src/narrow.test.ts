import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitted } from './narrow.ts';

test('paragraphs are reflowed, and text that fits is unchanged', () => {
  const text = 'One two three four five six\nseven.\n\nShort.\nAlso.\n';
  expect(fitted(text, 40)).toBe(text);
  expect(fitted(text, 16)).toBe('One two three\nfour five six\nseven.\n\nShort.\nAlso.\n');
});

test('second columns keep their place, or go below if there is no room', () => {
  const line = '  --out <dir>    folder for the heat maps of all the images';
  expect(fitted(line, 42)).toBe(
    '  --out <dir>    folder for the heat maps\n                 of all the images',
  );
  expect(fitted(line, 30)).toBe(
    '  --out <dir>\n      folder for the heat maps\n      of all the images',
  );
});

test('commands stay whole, unlike their comments; colours take no room', () => {
  const command = '  $ bigrid train parts --out parts.onnx --backbone resnet50.safetensors';
  expect(fitted(command, 40)).toBe(command);
  expect(fitted('  $ bigrid demo --out somewhere    see it work, on drawn images', 40)).toBe(
    '  $ bigrid demo --out somewhere\n      see it work, on drawn images',
  );
  const coloured = '\u001b[31merror\u001b[39m: one two';
  expect(fitted(coloured, 14)).toBe(coloured);
});

test('no word is broken or lost, and no line is wider than it has to be', () => {
  const words = fc.array(fc.stringMatching(/^[a-z-]{1,14}$/), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      words,
      fc.integer({ min: 20, max: 100 }),
      fc.integer({ min: 0, max: 4 }),
      (all, width, indent) => {
        const text = ' '.repeat(indent) + all.join(' ');
        const lines = fitted(text, width).split('\n');
        expect(lines.join(' ').split(/ +/).filter(Boolean)).toEqual(all);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      },
    ),
  );
});
