import { counted } from '@bigrid/errors';
import type { LoggedInspection, Manifest, MeasureDrift, MeasureName } from '@bigrid/inspect';
import { type ChartOption, type DrawChart, openCharts, valueAxis } from './charts.ts';
import { formatDate, formatScore } from './format.ts';
import { pageHead } from './head.ts';
import { type Html, html } from './html.ts';

/** How the latest inspections differ from good images at calibration: what `drift` of `@bigrid/node` finds. */
export interface ShownDrift {
  readonly measures: readonly MeasureDrift[];
  /** How many inspections were compared, and when they began and ended, UTC. */
  readonly compared: { readonly count: number; readonly from: string; readonly to: string };
  /** Inspections, the latest last: those that were compared, and some before them. */
  readonly history: readonly LoggedInspection[];
}

/** The name of each measure, and of a change upwards and downwards. */
export const measureWords: Readonly<
  Record<MeasureName, { readonly name: string; readonly up: string; readonly down: string }>
> = {
  score: { name: 'anomaly score', up: 'higher', down: 'lower' },
  brightness: { name: 'brightness', up: 'brighter', down: 'darker' },
  contrast: { name: 'contrast', up: 'more contrast', down: 'less contrast' },
  sharpness: { name: 'sharpness', up: 'sharper, or noisier', down: 'blurrier' },
  red: { name: 'share of red', up: 'redder', down: 'less red' },
  blue: { name: 'share of blue', up: 'bluer', down: 'less blue' },
};

const wide = { width: 560, height: 220 };
/** For phones, where the labels of a wide chart would be too small to read. */
const narrow = { width: 340, height: 220 };
/** Margins for labels, in pixels. */
const grid = { left: 64, right: 16, top: 10, bottom: 40 };
/** Least distance between labels, in pixels. */
const labelHeight = 16;

/**
 * Renders each measure of the latest inspections against its range at calibration, as one self-contained HTML page
 * without scripts.
 */
export async function renderDrift(
  drift: ShownDrift,
  manifest: Manifest,
  { title }: { readonly title: string },
): Promise<string> {
  const draw = await openCharts();
  const { compared, measures, history } = drift;
  const moved = measures.filter((measure) => measure.moved);
  return html`<!doctype html>
<html lang="en">
${pageHead(title, { styles: ['drift'], scripts: [] })}
<body>
<header>
<h1>${title}</h1>
<p>Model of ${formatDate(manifest.createdAt)} · the latest ${counted(compared.count, 'inspection')}, ${formatDate(compared.from)} to ${formatDate(compared.to)}</p>
</header>
<main>
<section id="summary">
<p class="headline">${moved.length === 0 ? 'Nothing moved: images and scores are as they were at calibration.' : `Moved since calibration: ${moved.map(({ name }) => measureWords[name].name).join(', ')}.`}</p>
<p class="lead">Each dot is an inspection, in order. The band holds 98 of 100 good images at calibration, the line is their median; the
dots on the right of the upright line were compared.</p>
</section>
<section class="drifts">
${measures.map((measure, index) => chart(measure, drift, `d${index}`, draw))}
</section>
</main>
<footer>Bigrid ${manifest.bigridVersion} · ${counted(history.length, 'inspection')} shown · everything on this page is in this one file</footer>
</body>
</html>
`.text;
}

function chart(measure: MeasureDrift, drift: ShownDrift, id: string, draw: DrawChart): Html {
  const { name, before, now, moved } = measure;
  const words = measureWords[name];
  const values = drift.history.map(({ score, statistics }) =>
    name === 'score' ? score : statistics[name],
  );
  const verdict = moved ? `moved: ${describeMove(measure)}` : 'as before';
  const option = optionOf(measure, values, drift.compared.count);
  return html`<figure class="chart panel"><figcaption><h3>${words.name[0]?.toUpperCase()}${words.name.slice(1)}
<span class="count${moved ? ' moved' : ''}">${verdict}</span></h3>
<p>median ${formatScore(before.median)} at calibration, ${formatScore(now.median)} now; ${describeOutside(measure)}</p></figcaption>
<div role="img" aria-label="${words.name}: ${verdict}"><div class="wide">${draw(id, wide, option)}</div><div class="narrow">${draw(`${id}n`, narrow, option)}</div></div></figure>`;
}

/** `3 of 100 outside the band, 2.1 expected`. */
function describeOutside({
  outside: { below, above, expected },
  now: { count },
}: MeasureDrift): string {
  return `${below + above} of ${count} outside the band, ${(expected * count).toFixed(1)} expected`;
}

/** `darker by 3.2 deviations`, or `darker in 40 of 100` if only some images changed. */
export function describeMove({
  name,
  before,
  now,
  shift,
  outside: { below, above },
  isMixed,
}: MeasureDrift): string {
  const words = measureWords[name];
  if (isMixed) {
    const [fewer, more] = [Math.min(below, above), Math.max(below, above)];
    if (fewer > more / 4) return `out of the band in ${below + above} of ${now.count}`;
    return `${below > above ? words.down : words.up} in ${more} of ${now.count}`;
  }
  if (shift !== undefined && Math.abs(shift) < 0.25) {
    const wider = now.high - now.low > before.high - before.low;
    return `varies ${wider ? 'more' : 'less'}`;
  }
  const direction = now.median > before.median ? words.up : words.down;
  return shift === undefined
    ? direction
    : `${direction} by ${Math.abs(shift).toFixed(1)} deviations`;
}

function optionOf({ before }: MeasureDrift, values: readonly number[], compared: number) {
  const all = [...values, before.low, before.high].toSorted((a, b) => a - b);
  const [low, high] = [all[0] as number, all.at(-1) as number];
  const margin = (high - low) * 0.08 || Math.abs(low) * 0.1 || 1;
  const range = [low - margin, high + margin] as const;
  const first = Math.max(0, values.length - compared);
  return {
    grid,
    xAxis: {
      ...valueAxis('inspection', [0, values.length + 1], [1, values.length], String),
      nameGap: 20,
      splitLine: { show: false },
    },
    yAxis: {
      ...valueAxis(
        '',
        range,
        // Values at calibration first; if they are too close together, the extremes show the scale.
        ticksApart([before.median, before.high, before.low, high, low], range),
        formatScore,
      ),
      axisLine: { show: false },
      splitLine: { show: false },
    },
    series: [...bandSeries(before, values.length + 1), ...startSeries(first, range), dots(values)],
  } satisfies ChartOption;
}

const line = { type: 'line', silent: true, symbol: 'none' };

/** The band of calibration, with its median as a line. */
function bandSeries({ low, median, high }: MeasureDrift['before'], end: number): object[] {
  const level = (value: number) => [
    [0, value],
    [end, value],
  ];
  const hidden = { stack: 'band', lineStyle: { opacity: 0 } };
  return [
    { ...line, ...hidden, data: level(low) },
    {
      ...line,
      ...hidden,
      data: level(high - low),
      areaStyle: { color: 'var(--good)', opacity: 0.18 },
    },
    { ...line, data: level(median), lineStyle: { color: 'var(--good)', width: 1.5 } },
  ];
}

/** The upright line before the inspections that were compared; none if all were. */
function startSeries(first: number, [low, high]: readonly [number, number]): object[] {
  if (first === 0) return [];
  const data = [
    [first + 0.5, low],
    [first + 0.5, high],
  ];
  return [{ ...line, data, lineStyle: { color: 'var(--ink-2)', width: 1, type: 'dashed' } }];
}

function dots(values: readonly number[]): object {
  return {
    type: 'line',
    silent: true,
    lineStyle: { opacity: 0 },
    symbol: 'circle',
    symbolSize: values.length > 300 ? 3 : 5,
    itemStyle: { color: 'var(--image)' },
    data: values.map((value, index) => [index + 1, value]),
  };
}

/** The values whose labels do not overlap that of an earlier value. */
function ticksApart(values: readonly number[], [min, max]: readonly [number, number]): number[] {
  const pixels = (wide.height - grid.top - grid.bottom) / (max - min);
  const kept: number[] = [];
  for (const value of values) {
    const isFree = kept.every((other) => Math.abs(value - other) * pixels >= labelHeight);
    if (isFree) kept.push(value);
  }
  return kept;
}
