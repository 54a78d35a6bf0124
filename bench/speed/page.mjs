// The table of a run of the speed benchmark.

import { table } from '../../scripts/docs/markdown-table.mjs';
import { quantile } from '../statistics.mjs';
import { compare } from './compare.mjs';

/** Three significant digits. */
const short = (number) =>
  Math.abs(number) >= 100 ? number.toFixed(0) : Number(number.toPrecision(3)).toString();

/** One line per figure: median and middle half over rounds; against a base, both and the verdict on their ratio. */
export function tableOf(figures, samples, compared) {
  const head = compared
    ? ['figure', 'base', 'now', 'now / base (95 % interval)', 'verdict']
    : ['figure', 'median', 'middle half of the rounds'];
  const rows = figures.flatMap(({ name, parts }) =>
    Object.entries(parts).flatMap(([part, { unit, better }]) => {
      const taken = samples[name]?.[part];
      if (!taken) return [];
      const label = `${part === '' ? name : `${name}: ${part}`} (${unit})`;
      const { now, base } = taken;
      if (!compared) return [[label, short(quantile(now, 0.5)), middleHalf(now)]];
      // A revision may lack a figure.
      if (!base?.some((number) => number !== 0))
        return [[label, '', short(quantile(now, 0.5)), '', '']];
      const { ratio, low, high, verdict } = compare(now, base, better);
      const interval = `${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
      const both = [base, now].map((numbers) => short(quantile(numbers, 0.5)));
      return [[label, ...both, interval, verdict]];
    }),
  );
  return table(head, rows);
}

const middleHalf = (numbers) =>
  `${short(quantile(numbers, 0.25))} to ${short(quantile(numbers, 0.75))}`;
