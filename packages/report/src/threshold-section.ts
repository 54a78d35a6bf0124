import { counted } from '@bigrid/errors';
import { type Evaluation, isAnomalous, type Manifest, type Thresholds } from '@bigrid/inspect';
import { type ChartOption, type DrawChart, valueAxis } from './charts.ts';
import type { ExplorerData } from './client/counts.ts';
import { formatScore } from './format.ts';
import { breakable, type Html, html, jsonFor } from './html.ts';
import {
  axisTicks,
  histogram,
  onAxis,
  type ScoreAxis,
  scoreAxisOf,
  tickLabel,
} from './score-axis.ts';
import { type Counts, countOutcomes } from './summary.ts';

/** Left and right margins of the plot in percent, which the overlay with the threshold's line uses as well. */
const margins = { left: 9, right: 2 };
const bins = 36;
const wide = { width: 1000, height: 280 };
const narrow = { width: 380, height: 300 };

/**
 * Histograms of the scores of good and defective images, one above the other, with a threshold to move. The limit of
 * unsure images is a second line, which stays.
 */
export function thresholdSection(
  evaluation: Evaluation,
  manifest: Manifest,
  draw: DrawChart,
): Html {
  const { images } = evaluation;
  const { threshold, unsure } = manifest.calibration;
  const scores = images.map(({ score }) => score);
  const axis = scoreAxisOf([...scores, ...(unsure ? [unsure.threshold] : [])], threshold);
  const good = images.filter(({ entry }) => !isAnomalous(entry)).map(({ score }) => score);
  const bad = images.filter(({ entry }) => isAnomalous(entry)).map(({ score }) => score);
  const counts = countOutcomes(images, manifest.calibration);
  const placeOf = (score: number) =>
    ((onAxis(axis, score) - axis.low) / (axis.high - axis.low)) * 100;
  const place = placeOf(threshold);
  const drawAt = (id: string, size: typeof wide) => {
    const ticks = axisTicks(axis, size === wide ? 9 : 4);
    return draw(id, size, histogramOption(axis, good, bad, ticks, size));
  };
  const data = explorerData(evaluation, manifest, axis);
  const label = describeHistogram(axis, [good.length, bad.length], counts, manifest.calibration);
  const doubt = (name: 'unsureGood' | 'unsureDefects') =>
    unsure &&
    html`<span class="doubt-count">, <b data-count="${name}">${counts[name]}</b> unsure</span>`;
  return html`<section id="threshold" aria-labelledby="threshold-title">
<h2 id="threshold-title">Scores and threshold</h2>
<p class="lead">Images that score above the threshold are anomalous${unsure && html`, and those between it and the dashed line (${formatScore(unsure.threshold)}) unsure`}.
<span class="screen-only">Move it to try another threshold; the rest of the report does not change.</span></p>
<div class="panel explorer" id="explorer" style="--left:${margins.left}%;--right:${margins.right}%;--place:${place.toFixed(3)}${unsure && `;--doubt:${placeOf(unsure.threshold).toFixed(3)}`}">
<div class="plot">
<div role="img" aria-label="${label}"><div class="wide">${drawAt('hw', wide)}</div><div class="narrow">${drawAt('hn', narrow)}</div></div>
<div class="over" aria-hidden="true">
<div class="beyond"></div>${unsure && html`<div class="doubt"></div><div class="doubt-line"></div>`}<div class="threshold-line"></div>
<span class="corner top left"><b data-count="passed">${counts.passed}</b> passed${doubt('unsureGood')}</span>
<span class="corner top right"><b data-count="falsePositives">${counts.falsePositives}</b> false positives</span>
<span class="corner bottom left"><b data-count="missed">${counts.missed}</b> missed${doubt('unsureDefects')}</span>
<span class="corner bottom right"><b data-count="caught">${counts.caught}</b> detected</span>
</div>
</div>
<div class="slider screen-only">
<input type="range" id="slider" min="0" max="1000" step="1" value="${Math.round(place * 10)}" aria-label="Threshold">
</div>
<div class="readout">
<p>Threshold <output id="threshold-value" for="slider">${formatScore(threshold)}</output>
<button type="button" id="reset" class="screen-only" disabled>Reset to ${formatScore(threshold)}</button></p>
${outcomeTable(evaluation, manifest.calibration, counts)}
</div>
</div>
<script type="application/json" id="scores">${jsonFor(data)}</script>
</section>`;
}

/** What the script of the page counts again as the threshold moves. */
function explorerData(
  { images, classes }: Evaluation,
  { calibration: { threshold, unsure } }: Manifest,
  axis: ScoreAxis,
): ExplorerData {
  const classNames = Object.keys(classes);
  return {
    threshold,
    unsure: unsure?.threshold ?? null,
    ...axis,
    scores: images.map(({ entry, score }) => [
      // JSON has no infinity; NaN becomes null.
      Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, score)),
      classNames.indexOf(entry.className),
      isAnomalous(entry) ? 1 : 0,
    ]),
  };
}

/** The histogram in words, for those who cannot see it. */
function describeHistogram(
  { logarithmic }: ScoreAxis,
  [good, bad]: readonly [good: number, bad: number],
  { caught, missed, falsePositives, passed, unsureDefects, unsureGood }: Counts,
  { threshold, unsure }: Thresholds,
): string {
  const doubt =
    unsure &&
    ` Unsure from ${formatScore(unsure.threshold)}: ${unsureDefects} defective, ${unsureGood} good.`;
  return `Histogram of scores${logarithmic ? ', logarithmic' : ''}: ${counted(good, 'good image')} above, ${counted(bad, 'defective one')} below. At the threshold ${formatScore(threshold)}: ${caught} detected, ${missed} missed, ${falsePositives} false positives, ${passed} passed.${doubt ?? ''}`;
}

/** Counts at the threshold, one row per class, which the page's script updates when the threshold moves. */
function outcomeTable(evaluation: Evaluation, thresholds: Thresholds, total: Counts): Html {
  const names = Object.keys(evaluation.classes);
  const columns: readonly (readonly [keyof Counts, string])[] = [
    ['caught', 'Detected'],
    ...(thresholds.unsure ? ([['unsureDefects', 'Unsure, defective']] as const) : []),
    ['missed', 'Missed'],
    ['falsePositives', 'False positives'],
    ...(thresholds.unsure ? ([['unsureGood', 'Unsure, good']] as const) : []),
    ['passed', 'Passed'],
  ];
  const row = (name: string, counts: Counts, index: string) => html`<tr data-row="${index}">
<th scope="row">${breakable(name)}</th>
${columns.map(([key]) => html`<td data-count="${key}">${counts[key]}</td>`)}</tr>`;
  const rows = names.map((name, index) => {
    const own = evaluation.images.filter(({ entry }) => entry.className === name);
    return row(name, countOutcomes(own, thresholds), String(index));
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Verdicts at the chosen threshold"><table class="numbers" id="outcomes">
<caption class="hidden">Verdicts at the chosen threshold</caption>
<thead><tr><th scope="col">Product</th>${columns.map(([, head]) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows}</tbody>
${names.length > 1 && html`<tfoot>${row('All', total, 'all')}</tfoot>`}
</table></div>`;
}

interface Half {
  /** 0 for the upper half of the chart, 1 for the lower, which grows downwards. */
  readonly index: 0 | 1;
  readonly scores: readonly number[];
  readonly name: string;
  readonly colour: string;
}

function histogramOption(
  axis: ScoreAxis,
  good: readonly number[],
  bad: readonly number[],
  ticks: readonly number[],
  size: typeof wide,
): ChartOption {
  const [left, right] = [`${margins.left}%`, `${margins.right}%`];
  const middle = Math.round((size.height - 40) / 2);
  const halves = [
    halfOption({ index: 0, scores: good, name: 'good', colour: 'var(--good)' }, axis, ticks, size),
    halfOption(
      { index: 1, scores: bad, name: 'defective', colour: 'var(--bad)' },
      axis,
      ticks,
      size,
    ),
  ];
  return {
    grid: [
      { left, right, top: 0, height: middle },
      { left, right, top: middle, height: middle },
    ],
    xAxis: halves.map(({ x }) => x),
    yAxis: halves.map(({ y }) => y),
    series: halves.map(({ series }) => series),
  };
}

function halfOption(
  { index, scores, name, colour }: Half,
  axis: ScoreAxis,
  ticks: readonly number[],
  size: typeof wide,
) {
  const step = (axis.high - axis.low) / bins;
  const plotWidth = (size.width * (100 - margins.left - margins.right)) / 100;
  const counts = histogram(axis, scores, bins);
  const most = Math.max(1, ...counts);
  // Room above the bars for the counts in the corners.
  const highest = most * 1.3;
  const title = index === 1 ? `score${axis.logarithmic ? ' (logarithmic)' : ''}` : '';
  const label = (value: number) => tickLabel(axis, value);
  const scoreAxis = valueAxis(title, [axis.low, axis.high], ticks, label);
  const countAxis = valueAxis(name, [0, highest], most > 1 ? [0, most] : [most], String);
  return {
    x: {
      ...scoreAxis,
      gridIndex: index,
      nameGap: 26,
      axisLine: { ...scoreAxis.axisLine, show: index === 0, onZero: false },
      axisLabel: { ...scoreAxis.axisLabel, show: index === 1 },
      splitLine: { show: false },
    },
    y: {
      ...countAxis,
      gridIndex: index,
      inverse: index === 1,
      nameGap: size === narrow ? 20 : 44,
      axisLine: { show: false },
      splitLine: { show: false },
    },
    series: {
      type: 'bar',
      xAxisIndex: index,
      yAxisIndex: index,
      silent: true,
      barWidth: Math.max(2, plotWidth / bins - 2),
      itemStyle: { color: colour, borderRadius: index === 0 ? [2, 2, 0, 0] : [0, 0, 2, 2] },
      data: counts.flatMap((count, bin) =>
        count > 0 ? [[axis.low + (bin + 0.5) * step, count]] : [],
      ),
    },
  };
}
