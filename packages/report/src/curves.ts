import type { ClassCurves, Evaluation, Metrics } from '@bigrid/inspect';
import { type ChartOption, type DrawChart, valueAxis } from './charts.ts';
import { formatMetric, undefinedSign } from './format.ts';
import { type Html, html } from './html.ts';
import { countOutcomes } from './summary.ts';

type Point = readonly [number, number];

interface Line {
  readonly name: string;
  readonly kind: 'image' | 'pixel';
  readonly area: number;
  readonly points: readonly Point[];
  /** `start`: the value of a point applies from the previous point on. */
  readonly step?: 'start';
  /** Whether the area under it is shaded. */
  readonly filled?: boolean;
}

interface Plot {
  readonly title: string;
  readonly x: { readonly name: string; readonly highest: number };
  readonly y: string;
  readonly lines: readonly Line[];
  /** The model's threshold on the image curve. */
  readonly mark?: Point | undefined;
}

const size = { width: 380, height: 300 };

/** The curves of every class: ROC, precision-recall, per-region overlap. */
export function curvesSection(evaluation: Evaluation, threshold: number, draw: DrawChart): Html {
  const names = Object.keys(evaluation.classes);
  const charts = names.map((name, classIndex) => {
    const metrics = evaluation.classes[name] as Metrics;
    const curves = evaluation.curves[name] as ClassCurves;
    const own = evaluation.images.filter(({ entry }) => entry.className === name);
    const plots = plotsOf(curves, metrics, countOutcomes(own, { threshold }));
    const figures = plots.map((plot, index) => chart(plot, `c${classIndex}${index}`, draw));
    // A single class is not collapsible; of many, only the first is open, to keep the page short.
    if (names.length === 1) return html`<div class="curves">${figures}</div>`;
    return html`<details${names.length < 4 || classIndex === 0 ? html` open` : undefined}>
<summary>${name}</summary><div class="curves">${figures}</div></details>`;
  });
  return html`<section id="curves" aria-labelledby="curves-title">
<h2 id="curves-title">Curves</h2>
<p class="lead">Results at every possible threshold. <span class="key key-image">whole images</span>
<span class="key key-pixel">single pixels</span> <span class="key key-mark">the report’s threshold</span></p>
${charts}
</section>`;
}

function plotsOf(
  curves: ClassCurves,
  metrics: Metrics,
  counts: ReturnType<typeof countOutcomes>,
): Plot[] {
  return [
    rocPlot(curves, metrics, counts),
    precisionRecallPlot(curves, metrics, counts),
    proPlot(curves, metrics),
  ];
}

function rocPlot(
  { imageRoc, pixelRoc }: ClassCurves,
  { imageAuroc, pixelAuroc }: Metrics,
  { caught, missed, falsePositives, passed }: ReturnType<typeof countOutcomes>,
): Plot {
  const points = (roc: ClassCurves['imageRoc']): Point[] =>
    roc.map(({ falsePositiveRate, truePositiveRate }) => [falsePositiveRate, truePositiveRate]);
  const mark: Point = [falsePositives / (falsePositives + passed), caught / (caught + missed)];
  return {
    title: 'ROC',
    x: { name: 'false positive rate (good images called anomalous)', highest: 1 },
    y: 'recall (defects found)',
    lines: [
      { name: 'Pixel AUROC', kind: 'pixel', area: pixelAuroc, points: points(pixelRoc) },
      { name: 'Image AUROC', kind: 'image', area: imageAuroc, points: points(imageRoc) },
    ],
    mark: imageRoc.length > 0 ? mark : undefined,
  };
}

function precisionRecallPlot(
  { imagePrecisionRecall, pixelPrecisionRecall }: ClassCurves,
  { imageAp, pixelAp }: Metrics,
  { caught, missed, falsePositives }: ReturnType<typeof countOutcomes>,
): Plot {
  const points = (curve: ClassCurves['imagePrecisionRecall']): Point[] =>
    curve.map(({ recall, precision }) => [recall, precision]);
  const mark: Point = [caught / (caught + missed), caught / (caught + falsePositives)];
  const step = 'start';
  return {
    title: 'Precision-recall',
    x: { name: 'recall (defects found)', highest: 1 },
    y: 'precision (anomalous verdicts that are right)',
    lines: [
      {
        name: 'Pixel AP',
        kind: 'pixel',
        area: pixelAp,
        points: points(pixelPrecisionRecall),
        step,
      },
      {
        name: 'Image AP',
        kind: 'image',
        area: imageAp,
        points: points(imagePrecisionRecall),
        step,
      },
    ],
    mark: imagePrecisionRecall.length > 0 ? mark : undefined,
  };
}

function proPlot({ pro }: ClassCurves, { aupro }: Metrics): Plot {
  const points = pro.map(({ falsePositiveRate, overlap }): Point => [falsePositiveRate, overlap]);
  return {
    title: 'Per-region overlap (PRO)',
    x: { name: 'good pixels outlined', highest: 0.3 },
    y: 'mean share of a defect outlined',
    lines: [{ name: 'AUPRO', kind: 'pixel', area: aupro, points, filled: true }],
  };
}

function chart(plot: Plot, id: string, draw: DrawChart): Html {
  const areas = plot.lines.map(({ name, area }) => `${name} ${formatMetric(area)}`);
  const drawn = plot.lines.some(({ points }) => points.length > 0);
  const body = drawn
    ? html`<div role="img" aria-label="${plot.title}: ${plot.y} over ${plot.x.name}. ${areas.join(', ')}.">${draw(id, size, optionOf(plot))}</div>`
    : html`<p class="empty">${undefinedSign} Not defined for these images; the table of metrics says why.</p>`;
  const legend = plot.lines
    .toReversed()
    .map(
      ({ name, kind, area }) =>
        html`<span class="key key-${kind}">${name} <b>${formatMetric(area)}</b></span> `,
    );
  return html`<figure class="chart"><figcaption><h3>${plot.title}</h3><p>${legend}</p></figcaption>${body}</figure>`;
}

function optionOf({ x, y, lines, mark }: Plot): ChartOption {
  const xTicks = x.highest === 1 ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.1, 0.2, 0.3];
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  const series: object[] = lines.map(({ kind, points, step, filled }) => ({
    type: 'line',
    silent: true,
    showSymbol: false,
    data: points,
    step: step ?? false,
    lineStyle: { color: `var(--${kind})`, width: kind === 'image' ? 2.5 : 1.75 },
    ...(filled ? { areaStyle: { color: `var(--${kind})`, opacity: 0.12 } } : {}),
  }));
  if (mark?.every(Number.isFinite)) {
    series.push({
      type: 'line',
      silent: true,
      clip: false,
      data: [mark],
      symbol: 'circle',
      symbolSize: 11,
      itemStyle: { color: 'var(--surface)', borderColor: 'var(--ink)', borderWidth: 2.5 },
    });
  }
  return {
    grid: { left: 58, right: 18, top: 12, bottom: 50 },
    xAxis: { ...valueAxis(x.name, [0, x.highest], xTicks, percent), nameGap: 30 },
    yAxis: { ...valueAxis(y, [0, 1], [0, 0.25, 0.5, 0.75, 1], percent), nameGap: 44 },
    series,
  };
}
