import { expect, it } from 'vitest';
import { tableOf } from './page.mjs';

const figures = [
  { name: 'rate', parts: { '': { unit: 'images/s', better: 'higher' } } },
  { name: 'training', parts: { steps: { unit: 's', better: 'lower' } } },
];

it('shows the median and the middle half of the rounds', () => {
  const samples = { rate: { '': { now: [10, 30, 20] } } };
  expect(tableOf(figures, samples, false).split('\n').slice(2)).toEqual([
    '| rate (images/s) | 20 | 15 to 25 |',
  ]);
});

it('gives a verdict per figure against a base, and none if the base lacks the figure', () => {
  const base = [10, 11, 12, 13, 14];
  const samples = {
    rate: { '': { now: base.map((rate) => rate * 1.5), base } },
    training: { steps: { now: [7] } },
  };
  expect(tableOf(figures, samples, true).split('\n').slice(2)).toEqual([
    '| rate (images/s) | 12 | 18 | 1.500 (1.500 to 1.500) | faster |',
    '| training: steps (s) |  | 7 |  |  |',
  ]);
});
