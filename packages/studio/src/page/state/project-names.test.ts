import { expect, it } from 'vitest';
import { nameFrom } from './project-names.ts';

it.each([
  ['bottle-2', 'bottle-2'],
  ['Tür links', 'Tur-links'],
  ['  Größe XL / neu ', 'Grosse-XL-neu'],
  ['../door', 'door'],
  ['_hidden', 'hidden'],
  ['瓶子', 'project'],
  ['x'.repeat(99), 'x'.repeat(60)],
])('makes a name of %s that URLs can have', (title, name) => {
  expect(nameFrom(title)).toBe(name);
});
