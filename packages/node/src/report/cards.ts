import {
  type EvaluatedPicture,
  type Evaluation,
  isAnomalous,
  type Thresholds,
} from '@bigrid/inspect';
import { formatCount, formatScore, plural } from './format.ts';
import { type Html, html } from './html.ts';
import { type Outcome, outcomesByNeed, type PictureGroup } from './summary.ts';
import type { ReportScale, Thumbnail } from './thumbnails.ts';

const outcomeTexts: Readonly<
  Record<Outcome, { badge: string; sign: string; filter: string; heading: string }>
> = {
  missed: { badge: 'Missed', sign: '✕', filter: 'Missed', heading: 'Missed defects' },
  'false-alarm': {
    badge: 'False alarm',
    sign: '!',
    filter: 'False alarms',
    heading: 'False alarms',
  },
  unsure: { badge: 'Unsure', sign: '?', filter: 'Unsure', heading: 'Unsure' },
  caught: { badge: 'Caught', sign: '✓', filter: 'Caught', heading: 'Caught' },
  passed: { badge: 'Passed', sign: '✓', filter: 'Passed', heading: 'Good, passed' },
};

/** Of each group, as many are shown at once; more than a few others open on demand: the page stays short. */
const shownAtOnce = 12;
const fewOthers = 3;

export interface CardsInput {
  readonly evaluation: Evaluation;
  readonly groups: readonly PictureGroup[];
  /** By picture; those left out are only counted. */
  readonly thumbnails: ReadonlyMap<EvaluatedPicture, Thumbnail>;
  readonly calibration: Thresholds;
  readonly scale: ReportScale;
  /** Left out of the paths shown. */
  readonly folder: string;
}

/** Every test picture beside its heat map, those that need a look first. */
export function picturesSection(input: CardsInput): Html {
  const { evaluation, groups, thumbnails, calibration, folder } = input;
  const classNames = Object.keys(evaluation.classes);
  const total = evaluation.pictures.length;
  const leftOut = total - thumbnails.size;
  return html`<section id="pictures" aria-labelledby="pictures-title">
<h2 id="pictures-title">Pictures</h2>
<p class="lead">Those that need a look come first: missed defects, false alarms, ${calibration.unsure && 'unsure ones, '}then the narrowest decisions.
${folder !== '' && html`All in <span class="path">${folder}</span>`}</p>
${leftOut > 0 && html`<p class="warning">${formatCount(thumbnails.size)} of ${plural(total, 'picture')} shown, the other ${formatCount(leftOut)} only counted.</p>`}
<div class="toolbar">
${filters(groups, total, calibration)}
${classNames.length > 1 && html`<label class="screen-only">Product <select id="class-filter"><option value="">All</option>${classNames.map((name, index) => html`<option value="${index}">${name}</option>`)}</select></label>`}
${legend(input)}
</div>
${groups.map((group) => groupOf(group, input, classNames))}
<dialog id="viewer" aria-label="Enlarged picture">
<form method="dialog"><button type="button" id="previous" aria-label="Previous picture">←</button><button type="button" id="next" aria-label="Next picture">→</button><span id="viewer-title"></span><button aria-label="Close">✕</button></form>
<div id="viewer-body"></div>
</dialog>
</section>`;
}

function filters(groups: readonly PictureGroup[], total: number, { unsure }: Thresholds): Html {
  const outcomes = outcomesByNeed.filter((outcome) => unsure || outcome !== 'unsure');
  const button = (outcome: Outcome | '', label: string, count: number) =>
    html`<button type="button" data-filter="${outcome}" aria-pressed="${outcome === '' ? 'true' : 'false'}"${count === 0 && html` disabled`}>${label} <span class="count">${formatCount(count)}</span></button>`;
  const buttons = outcomes.map((outcome) =>
    button(
      outcome,
      outcomeTexts[outcome].filter,
      groups.reduce(
        (sum, group) => sum + (group.outcome === outcome ? group.pictures.length : 0),
        0,
      ),
    ),
  );
  return html`<div class="filters screen-only" role="group" aria-label="Show">${button('', 'All', total)}${buttons}</div>`;
}

function legend({ evaluation, scale }: CardsInput): Html {
  const hasMasks = evaluation.pictures.some(({ hasMask }) => hasMask);
  return html`<div class="legend">
<span class="scale"><span>${formatScore(scale.lowest)}</span><i class="inferno" role="img" aria-label="Colours of the heat map, from dark violet to pale yellow"></i><span>≥ ${formatScore(scale.highest)}</span></span>
<span class="swatch outline">outline: map above ${formatScore(scale.threshold)}</span>
${hasMasks && html`<label class="swatch mask"><input type="checkbox" id="truth-toggle" class="screen-only" checked> true defect</label>`}
</div>`;
}

function groupOf(
  group: PictureGroup,
  input: CardsInput,
  classNames: readonly string[],
): Html | undefined {
  const { outcome, className, defect, pictures } = group;
  const shown = pictures.filter((picture) => input.thumbnails.has(picture));
  const heading = [
    outcomeTexts[outcome].heading,
    defect,
    classNames.length > 1 ? className : undefined,
  ].filter((part) => part !== undefined);
  const cards = shown.map((picture) => card(picture, outcome, input));
  const atOnce = cards.length <= shownAtOnce + fewOthers ? cards.length : shownAtOnce;
  const more = cards.slice(atOnce);
  return html`<section class="group" data-outcome="${outcome}" data-class="${classNames.indexOf(className)}">
<h3><span class="dot ${outcome}"></span>${heading.join(' · ')} <span class="count">${formatCount(pictures.length)}</span></h3>
${cards.length > 0 && html`<div class="cards">${cards.slice(0, atOnce)}</div>`}
${more.length > 0 && html`<details class="more"><summary>${formatCount(more.length)} more</summary><div class="cards">${more}</div></details>`}
${shown.length < pictures.length && html`<p class="lead">${plural(pictures.length - shown.length, 'picture')} not shown.</p>`}
</section>`;
}

function card(picture: EvaluatedPicture, outcome: Outcome, input: CardsInput): Html {
  const { entry, score } = picture;
  const { thumbnails, calibration, folder } = input;
  const { width, height, original, heatMap, truth } = thumbnails.get(picture) as Thumbnail;
  const path = entry.path.slice(folder.length);
  const { badge, sign } = outcomeTexts[outcome];
  const verdict = `${badge.toLowerCase()}, score ${formatScore(score)}`;
  const what = isAnomalous(entry) ? entry.defect : 'good';
  const image = (source: string, alt: string) =>
    html`<img src="${source}" alt="${alt}" width="${width}" height="${height}" loading="lazy" decoding="async">`;
  return html`<article class="card">
<button type="button" class="pair" style="--ratio:${(width / height).toFixed(4)}" data-title="${path}" aria-label="Enlarge ${path}: ${verdict}">
<span class="view">${image(original, `${what}: ${path}`)}${truth}</span><span class="view">${image(heatMap, `Heat map of ${path}, ${verdict}`)}</span>
</button>
<p class="caption"><span class="badge ${outcome}"><i aria-hidden="true">${sign}</i>${badge}</span> <b class="score">${formatScore(score)}</b> <span class="times">${times(score, calibration.threshold)}</span></p>
<p class="caption"><span class="defect">${what}</span> <span class="path" title="${entry.path}">${path}</span></p>
</article>`;
}

/** A score on its own says little: how it stands to the threshold does. */
function times(score: number, threshold: number): string {
  const ratio = score / threshold;
  if (!(threshold > 0) || !Number.isFinite(ratio)) return '';
  const digits = ratio >= 10 ? formatCount(Math.round(ratio)) : ratio.toFixed(ratio < 1 ? 2 : 1);
  return `${digits} × threshold`;
}
