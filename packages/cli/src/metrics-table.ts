import { counted } from '@bigrid/errors';
import type { EvaluatedImage, Evaluation, Intervals, Metrics } from '@bigrid/node';
import { paint, table } from './output.ts';

/** Images that are named; others are counted. */
const MOST_NAMED = 10;

/** Metrics in the order in which they are shown, with heads of two lines: all fit in 80 columns. */
const heads: Readonly<Record<keyof Metrics, string>> = {
  imageAuroc: 'image\nAUROC',
  imageAp: 'image\nAP',
  imageF1Max: 'image\nF1-max',
  pixelAuroc: 'pixel\nAUROC',
  pixelAp: 'pixel\nAP',
  pixelF1Max: 'pixel\nF1-max',
  aupro: 'pixel\nAUPRO',
};
const names = Object.keys(heads) as (keyof Metrics)[];

/** A row a class and their mean, each above the bounds of its intervals. */
export function metricsTable({ classes, mean, intervals }: Evaluation): string {
  const columns = [
    { head: 'class' },
    ...names.map((name) => ({ head: heads[name], align: 'right' as const })),
  ];
  const row = (label: string, values: Metrics) => [
    label,
    ...names.map((name) => (Number.isNaN(values[name]) ? '-' : values[name].toFixed(4))),
  ];
  const bounds = (of: Intervals) =>
    (['low', 'high'] as const).map((end) =>
      row(end === 'low' ? '  95 % from' : '  to', boundsOf(of, end)).map((cell) =>
        paint('dim', cell),
      ),
    );
  const rows = Object.entries(classes).flatMap(([name, metrics]) => [
    row(name, metrics),
    ...bounds(intervals.classes[name] as Intervals),
  ]);
  const last = row('mean', mean).map((cell) => paint('bold', cell));
  // Of one class, the mean has the same.
  const several = Object.keys(classes).length > 1;
  return table(columns, [...rows, last, ...(several ? bounds(intervals.mean) : [])]);
}

function boundsOf(intervals: Intervals, end: 'low' | 'high'): Metrics {
  const entries = names.map((name) => [name, intervals[name][end]]);
  return Object.fromEntries(entries);
}

/** What the numbers leave out. */
export function remarks({ images, withoutMask, classes, meanOver }: Evaluation): string[] {
  const all = Object.keys(classes).length;
  const lines: string[] = [];
  if (withoutMask.length > 0) {
    lines.push(
      `${counted(withoutMask.length, 'defective image')} without a usable mask: left out of the pixel metrics.`,
      ...unmasked(images, withoutMask),
    );
  }
  if (names.some((name) => meanOver[name] < all)) {
    lines.push(
      'A dash is a metric that these images do not define: it takes good and defective ones, and masks for pixels.',
    );
  }
  const partial = names.filter((name) => meanOver[name] > 0 && meanOver[name] < all);
  for (const [over, alike] of Map.groupBy(partial, (name) => meanOver[name])) {
    const of = alike.map((name) => heads[name].replace('\n', ' ')).join(', ');
    lines.push(`Mean over the ${over} of ${all} classes that have it: ${of}.`);
  }
  return [
    '',
    `${counted(images.length, 'test image')}. Below each metric: the bounds of its 95 % bootstrap interval.`,
    ...lines,
  ];
}

/** The images without a usable mask, and why. */
function unmasked(images: readonly EvaluatedImage[], withoutMask: readonly string[]): string[] {
  const known = new Map(images.map(({ entry }) => [entry.path, entry]));
  const lines = withoutMask.slice(0, MOST_NAMED).map((path) => {
    const why = known.get(path)?.readMask ? 'its mask marks nothing' : 'it has no mask';
    return `  ${path}: ${why}`;
  });
  const more = withoutMask.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}
