import { expect, it } from 'vitest';
import { fillPart, partNames } from './generated-parts.mjs';

const page = `# By hand

<!-- generated:first -->

old

<!-- /generated -->

Between.

<!-- generated:second -->
old
<!-- /generated -->
`;

it('fills the named part and leaves the rest of the page alone', () => {
  const filled = fillPart(page, 'first', '\nnew\n');
  expect(filled).toBe(page.replace('old', 'new'));
  expect(fillPart(filled, 'first', 'new')).toBe(filled);
  expect(partNames(filled)).toEqual(['first', 'second']);
});

it('refuses a page without such a part', () => {
  expect(() => fillPart(page, 'third', 'new')).toThrow('Expected <!-- generated:third -->');
});
