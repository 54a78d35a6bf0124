// The table of a run of the speed benchmark.

import { compare, quantile } from './statistics.mjs';

const row = (cells) => `| ${cells.join(' | ')} |`;

/** Three digits that count. */
const short = (number) =>
  Math.abs(number) >= 100 ? number.toFixed(0) : Number(number.toPrecision(3)).toString();

/** One line a figure: median and middle half over rounds; against a base, both and the verdict on their ratio. */
export function tableOf(figures, samples, compared) {
  const head = compared
    ? ['figure', 'base', 'now', 'now / base (95 % interval)', 'verdict']
    : ['figure', 'median', 'middle half of the rounds'];
  const lines = figures.flatMap(({ name, parts }) =>
    Object.entries(parts).flatMap(([part, { unit, better }]) => {
      const taken = samples[name]?.[part];
      if (!taken) return [];
      const label = `${part === '' ? name : `${name}: ${part}`} (${unit})`;
      const { now, base } = taken;
      if (!compared) return [row([label, short(quantile(now, 0.5)), spread(now)])];
      // What a revision does not tell apart has no figure of its own there.
      if (!base?.some((number) => number !== 0))
        return [row([label, '', short(quantile(now, 0.5)), '', ''])];
      const { ratio, low, high, verdict } = compare(now, base, better);
      const interval = `${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
      const both = [base, now].map((numbers) => short(quantile(numbers, 0.5)));
      return [row([label, ...both, interval, verdict])];
    }),
  );
  return [row(head), row(head.map(() => '---')), ...lines].join('\n');
}

const spread = (numbers) =>
  `${short(quantile(numbers, 0.25))} to ${short(quantile(numbers, 0.75))}`;
