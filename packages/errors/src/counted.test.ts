import { expect, test } from 'vitest';
import { counted } from './counted.ts';

test.each([
  [counted(0, 'image'), '0 images'],
  [counted(1, 'image'), '1 image'],
  [counted(12345, 'image'), '12,345 images'],
  [counted(1, 'class', 'classes'), '1 class'],
  [counted(2, 'class', 'classes'), '2 classes'],
])('%s', (text, expected) => {
  expect(text).toBe(expected);
});
