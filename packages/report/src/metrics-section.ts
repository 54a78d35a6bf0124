import { counted } from '@bigrid/errors';
import {
  confidenceLevel,
  type Evaluation,
  type Interval,
  type Intervals,
  imageResamples,
  isAnomalous,
  type Metrics,
  pixelResamples,
  type Thresholds,
} from '@bigrid/inspect';
import { formatCount, formatMetric, formatPercent, undefinedSign } from './format.ts';
import { breakable, type Html, html } from './html.ts';
import { summariseDefects } from './summary.ts';

interface MetricText {
  readonly key: keyof Metrics;
  readonly group: 'image' | 'pixel';
  readonly name: string;
  readonly meaning: string;
}

const metricTexts: readonly MetricText[] = [
  {
    key: 'imageAuroc',
    group: 'image',
    name: 'AUROC',
    meaning: 'The chance that a defective image scores above a good one. 0.5 is guessing.',
  },
  {
    key: 'imageAp',
    group: 'image',
    name: 'AP',
    meaning: 'Share of images called anomalous that are defective, averaged over all recalls.',
  },
  {
    key: 'imageF1Max',
    group: 'image',
    name: 'F1 max',
    meaning: 'The best balance of precision and recall that a threshold can reach.',
  },
  {
    key: 'pixelAuroc',
    group: 'pixel',
    name: 'AUROC',
    meaning: 'The chance that a pixel of a defect is marked more strongly than one outside.',
  },
  {
    key: 'pixelAp',
    group: 'pixel',
    name: 'AP',
    meaning: 'AP over pixels. Low if defects are small or their outlines inexact.',
  },
  {
    key: 'pixelF1Max',
    group: 'pixel',
    name: 'F1 max',
    meaning:
      'The best overlap of outlines and true defects, as a balance of pixels found and pixels right.',
  },
  {
    key: 'aupro',
    group: 'pixel',
    name: 'AUPRO',
    meaning:
      'Mean share of each defect that is outlined, small ones counting as much as large ones, while up to 30 % of the good pixels are outlined too.',
  },
];

const groupNames = { image: 'Whole images', pixel: 'Single pixels' } as const;

/** The seven metrics of every class and their mean. */
export function metricsSection(evaluation: Evaluation): Html {
  const names = Object.keys(evaluation.classes);
  const notes = new Set<string>();
  const cell = (value: number, interval: Interval, reason: () => string) => {
    if (!Number.isNaN(value)) {
      return html`<td class="metric" style="--share:${(value * 100).toFixed(1)}%">${formatMetric(value)} ${spread(interval)}</td>`;
    }
    const text = reason();
    notes.add(text);
    return html`<td class="metric" title="${text}">${undefinedSign}</td>`;
  };
  const rows = names.map((name) => {
    const metrics = evaluation.classes[name] as Metrics;
    const intervals = evaluation.intervals.classes[name] as Intervals;
    const cells = metricTexts.map(({ key, group }) =>
      cell(
        metrics[key],
        intervals[key],
        () => `${name}, ${groupNames[group].toLowerCase()}: ${reasonFor(evaluation, name, group)}`,
      ),
    );
    return html`<tr><th scope="row">${breakable(name)}</th>${cells}</tr>`;
  });
  const mean = metricTexts.map(({ key }) =>
    cell(
      evaluation.mean[key],
      evaluation.intervals.mean[key],
      () => 'Mean: no product has a value.',
    ),
  );
  const partial = partialMeans(evaluation);
  const headers = metricTexts.map(
    ({ name, meaning }) => html`<th scope="col"><abbr title="${meaning}">${name}</abbr></th>`,
  );
  const meanings = metricTexts.map(
    ({ name, group, meaning }) =>
      html`<div><dt>${name} <small>${groupNames[group].toLowerCase()}</small></dt><dd>${meaning}</dd></div>`,
  );
  return html`<section id="metrics" aria-labelledby="metrics-title">
<h2 id="metrics-title">Metrics</h2>
<p class="lead">From 0 to 1, higher is better. None of them depends on the threshold. Below each, its range on
other images of the same kind: the ${confidenceLevel * 100} % interval of a bootstrap.</p>
<div class="panel scroll" tabindex="0" role="region" aria-label="Metrics by product"><table class="numbers">
<caption class="hidden">Metrics by product</caption>
<thead><tr><td></td><th scope="colgroup" colspan="3">${groupNames.image}</th><th scope="colgroup" colspan="4">${groupNames.pixel}</th></tr>
<tr><th scope="col">Product</th>${headers}</tr></thead>
<tbody>${rows}</tbody>
${names.length > 1 && html`<tfoot><tr><th scope="row">Mean</th>${mean}</tr></tfoot>`}
</table></div>
${notes.size + partial.length > 0 && html`<ul class="notes">${[...notes].map((note) => html`<li>${undefinedSign} ${note}</li>`)}${partial.map((note) => html`<li>${note}</li>`)}</ul>`}
<details class="meanings"><summary>What the metrics mean</summary><dl>${meanings}
<div><dt>Intervals</dt><dd>The images are drawn again with replacement, good and defective ones apart, each with all its
pixels: ${formatCount(imageResamples)} times for whole images, ${formatCount(pixelResamples)} times for pixels. An interval holds the middle ${confidenceLevel * 100} % of what they
give. It knows only these images: where none of them is confused it is a single number, and that promises nothing.</dd></div></dl></details>
</section>`;
}

/** Notes on means that do not cover all products. */
function partialMeans({ classes, meanOver }: Evaluation): string[] {
  const all = Object.keys(classes).length;
  const partial = metricTexts.filter(({ key }) => meanOver[key] > 0 && meanOver[key] < all);
  const alike = Map.groupBy(partial, ({ key, group }) => `${group} ${meanOver[key]}`);
  return [...alike.values()].map((texts) => {
    const [{ key, group }] = texts as [MetricText];
    const names = texts.map(({ name }) => name).join(', ');
    return `Mean of ${names}, ${groupNames[group].toLowerCase()}: over ${meanOver[key]} of ${counted(all, 'product')}, the others have no value.`;
  });
}

/** Without the leading zero, so that two fit below one metric. */
function short(value: number): string {
  return value.toFixed(3).replace(/^0/, '');
}

function spread({ low, high }: Interval): Html | undefined {
  if (Number.isNaN(low)) return undefined;
  return html`<small>${short(low)}–${short(high)}</small>`;
}

/** Why the image or pixel metrics of a class are undefined. */
function reasonFor(evaluation: Evaluation, className: string, group: 'image' | 'pixel'): string {
  const own = evaluation.images.filter(({ entry }) => entry.className === className);
  const bad = own.filter(({ entry }) => isAnomalous(entry));
  if (bad.length === 0) return 'there are no defective test images.';
  if (group === 'image') {
    if (bad.length === own.length) return 'there are no good test images to compare with.';
    return 'a score is not a number.';
  }
  if (bad.every(({ hasMask }) => !hasMask)) return 'no defective image has a mask.';
  const counted = own.filter(({ entry, hasMask }) => !isAnomalous(entry) || hasMask);
  if (counted.some(({ isMapDefined }) => !isMapDefined))
    return 'a map has a value that is not a number.';
  return 'the masks leave no good pixel to compare with.';
}

/** Verdicts and metrics by kind of defect. */
export function defectsSection(evaluation: Evaluation, thresholds: Thresholds): Html | undefined {
  const defects = summariseDefects(evaluation, thresholds);
  const { unsure } = thresholds;
  if (defects.length === 0) return undefined;
  const several = Object.keys(evaluation.classes).length > 1;
  const undefinedCell = (className: string, group: 'image' | 'pixel') =>
    html`<td title="${className}: ${reasonFor(evaluation, className, group)}">${undefinedSign}</td>`;
  const rows = defects.map((defect) => {
    const { className, count, caught, missed, unsureDefects, imageAuroc, aupro, withMask } = defect;
    return html`<tr><th scope="row">${breakable(defect.defect)}</th>${several && html`<td class="text">${className}</td>`}
<td>${formatCount(count)}</td><td>${formatCount(caught)}</td>${unsure && html`<td>${formatCount(unsureDefects)}</td>`}<td${missed > 0 && html` class="alert"`}>${formatCount(missed)}</td>
<td class="metric" style="--share:${((caught / count) * 100).toFixed(1)}%">${formatPercent(caught, count)}</td>
${Number.isNaN(imageAuroc) ? undefinedCell(className, 'image') : html`<td>${formatMetric(imageAuroc)}</td>`}
${Number.isNaN(aupro) ? undefinedCell(className, 'pixel') : html`<td>${formatMetric(aupro)}${withMask < count && html` <small>${formatCount(withMask)} with a mask</small>`}</td>`}</tr>`;
  });
  return html`<section id="defects" aria-labelledby="defects-title">
<h2 id="defects-title">Defects</h2>
<p class="lead">${counted(defects.length, 'kind')} of defect. Recall is the share detected at the report’s threshold. AUROC and AUPRO
compare the defect with the good images of its product, and do not depend on the threshold.</p>
<div class="panel scroll" tabindex="0" role="region" aria-label="Verdicts by kind of defect"><table class="numbers">
<caption class="hidden">Verdicts by kind of defect</caption>
<thead><tr><th scope="col">Defect</th>${several && html`<th scope="col" class="text">Product</th>`}<th scope="col">Images</th><th scope="col">Detected</th>${unsure && html`<th scope="col">Unsure</th>`}<th scope="col">Missed</th><th scope="col">Recall</th><th scope="col">Image AUROC</th><th scope="col">AUPRO</th></tr></thead>
<tbody>${rows}</tbody></table></div>
</section>`;
}
