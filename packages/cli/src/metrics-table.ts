import { counted } from '@bigrid/errors';
import type { EvaluatedImage, Evaluation, Intervals, Metrics } from '@bigrid/node';
import { paint, table } from './output.ts';

/** Maximum number of images named; the rest are counted. */
const MOST_NAMED = 10;

/** Metrics in display order, with heads of two lines so that all fit in 80 columns. */
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

/** A row per class and one for their mean, each followed by the bounds of its intervals. */
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
  // With one class, the mean has the same intervals.
  const several = Object.keys(classes).length > 1;
  return table(columns, [...rows, last, ...(several ? bounds(intervals.mean) : [])]);
}

function boundsOf(intervals: Intervals, end: 'low' | 'high'): Metrics {
  const entries = names.map((name) => [name, intervals[name][end]]);
  return Object.fromEntries(entries);
}

/** What the numbers do not include. */
export function remarks({ images, withoutMask, classes, meanOver }: Evaluation): string[] {
  const all = Object.keys(classes).length;
  const lines: string[] = [];
  if (withoutMask.length > 0) {
    lines.push(
      `${counted(withoutMask.length, 'defective image')} without a usable mask: not included in pixel metrics.`,
      ...unmasked(images, withoutMask),
    );
  }
  if (names.some((name) => meanOver[name] < all)) {
    lines.push(
      'A dash marks a metric that is undefined here: it needs good and defective images, and masks for pixel metrics.',
    );
  }
  const partial = names.filter((name) => meanOver[name] > 0 && meanOver[name] < all);
  for (const [over, alike] of Map.groupBy(partial, (name) => meanOver[name])) {
    const of = alike.map((name) => heads[name].replace('\n', ' ')).join(', ');
    lines.push(`Mean over the ${over} of ${all} classes for which it is defined: ${of}.`);
  }
  return [
    '',
    `${counted(images.length, 'test image')}. Below each metric: its 95 % bootstrap interval.`,
    ...lines,
  ];
}

/** The images without a usable mask, with the reason. */
function unmasked(images: readonly EvaluatedImage[], withoutMask: readonly string[]): string[] {
  const known = new Map(images.map(({ entry }) => [entry.path, entry]));
  const lines = withoutMask.slice(0, MOST_NAMED).map((path) => {
    const why = known.get(path)?.readMask ? 'its mask is empty' : 'it has no mask';
    return `  ${path}: ${why}`;
  });
  const more = withoutMask.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}
