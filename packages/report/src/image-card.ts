import type { MapScale } from '@bigrid/inspect';
import { formatCount, formatScore } from './format.ts';
import { type Html, html } from './html.ts';
import type { Thumbnail } from './thumbnail.ts';

/** Images of a group that are shown at once; if there are more than a few others, they are collapsed. */
const shownAtOnce = 12;
const fewOthers = 3;

export interface CardInput {
  /** The path shown; `fullPath` is its tooltip. */
  readonly path: string;
  readonly fullPath: string;
  readonly thumbnail: Thumbnail;
  /** `className` selects its colours. */
  readonly badge: { readonly className: string; readonly sign: string; readonly text: string };
  /** The label: `good`, or the defect; without labels, `unknown` if it shows something other than the product. */
  readonly label?: string | undefined;
  readonly score: number;
  readonly threshold: number;
}

/** An image next to its heat map, with its verdict. */
export function imageCard(input: CardInput): Html {
  const { path, fullPath, thumbnail, badge, label, score, threshold } = input;
  const { width, height, original, heatMap, truth } = thumbnail;
  const verdict = `${badge.text.toLowerCase()}, score ${formatScore(score)}`;
  const image = (source: string, alt: string) =>
    html`<img src="${source}" alt="${alt}" width="${width}" height="${height}" loading="lazy" decoding="async">`;
  return html`<article class="card">
<button type="button" class="pair" style="--ratio:${(width / height).toFixed(4)}" data-title="${path}" aria-label="Enlarge ${path}: ${verdict}">
<span class="view">${image(original, label === undefined ? path : `${label}: ${path}`)}${truth}</span><span class="view">${image(heatMap, `Heat map of ${path}, ${verdict}`)}</span>
</button>
<p class="caption"><span class="badge ${badge.className}"><i aria-hidden="true">${badge.sign}</i>${badge.text}</span> <b class="score">${formatScore(score)}</b> <span class="times">${times(score, threshold)}</span></p>
<p class="caption">${label !== undefined && html`<span class="defect">${label}</span> `}<span class="path" title="${fullPath}">${path}</span></p>
</article>`;
}

/** Cards in rows; if there are many, all but the first are collapsed. */
export function cardRows(cards: readonly Html[]): Html {
  const atOnce = cards.length <= shownAtOnce + fewOthers ? cards.length : shownAtOnce;
  const more = cards.slice(atOnce);
  return html`${cards.length > 0 && html`<div class="cards">${cards.slice(0, atOnce)}</div>`}
${more.length > 0 && html`<details class="more"><summary>${formatCount(more.length)} more</summary><div class="cards">${more}</div></details>`}`;
}

/**
 * The legend of the heat maps' colours and outlines.
 * @param thumbnails all on the page
 * @param hasMasks whether outlines of true defects can be shown
 */
export function heatMapLegend(
  scale: MapScale,
  thumbnails: Iterable<Thumbnail>,
  hasMasks: boolean,
): Html {
  const isHatched = [...thumbnails].some((thumbnail) => thumbnail.isHatched);
  return html`<div class="legend">
<span class="scale"><span>${formatScore(scale.lowest)}</span><i class="inferno" role="img" aria-label="Colours of the heat map, from dark violet to pale yellow"></i><span>≥ ${formatScore(scale.highest)}</span></span>
<span class="swatch outline">outline: map above ${formatScore(scale.lowest)}</span>
${isHatched && html`<span class="swatch hatched">hatched: ignored</span>`}
${hasMasks && html`<label class="swatch mask"><input type="checkbox" id="truth-toggle" class="screen-only" checked> true defect</label>`}
</div>`;
}

/** The dialog that shows an enlarged image. */
export const imageViewer = html`<dialog id="viewer" aria-label="Enlarged image">
<form method="dialog"><button type="button" id="previous" aria-label="Previous image">←</button><button type="button" id="next" aria-label="Next image">→</button><span id="viewer-title"></span><button aria-label="Close">✕</button></form>
<div id="viewer-body"></div>
</dialog>`;

/** A button that filters images by verdict. @param filter the verdict; empty for all */
export function filterButton(filter: string, label: string, count: number): Html {
  return html`<button type="button" data-filter="${filter}" aria-pressed="${filter === '' ? 'true' : 'false'}"${count === 0 && html` disabled`}>${label} <span class="count">${formatCount(count)}</span></button>`;
}

/** The score relative to the threshold, which says more than the score alone. */
function times(score: number, threshold: number): string {
  const ratio = score / threshold;
  if (!(threshold > 0) || !Number.isFinite(ratio)) return '';
  const digits = ratio >= 10 ? formatCount(Math.round(ratio)) : ratio.toFixed(ratio < 1 ? 2 : 1);
  return `${digits} × threshold`;
}
