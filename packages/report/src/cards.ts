import { counted } from '@bigrid/errors';
import {
  type EvaluatedImage,
  type Evaluation,
  isAnomalous,
  type MapScale,
  type Thresholds,
} from '@bigrid/inspect';
import { formatCount } from './format.ts';
import { type Html, html } from './html.ts';
import { cardRows, filterButton, heatMapLegend, imageCard, imageViewer } from './image-card.ts';
import { type ImageGroup, type Outcome, outcomesByNeed } from './summary.ts';
import type { Thumbnail } from './thumbnail.ts';

const outcomeTexts: Readonly<
  Record<Outcome, { badge: string; sign: string; filter: string; heading: string }>
> = {
  missed: { badge: 'Missed', sign: '✕', filter: 'Missed', heading: 'Missed defects' },
  'false-positive': {
    badge: 'False positive',
    sign: '!',
    filter: 'False positives',
    heading: 'False positives',
  },
  unsure: { badge: 'Unsure', sign: '?', filter: 'Unsure', heading: 'Unsure' },
  caught: { badge: 'Detected', sign: '✓', filter: 'Detected', heading: 'Detected defects' },
  passed: { badge: 'Passed', sign: '✓', filter: 'Passed', heading: 'Good images, passed' },
};

export interface CardsInput {
  readonly evaluation: Evaluation;
  readonly groups: readonly ImageGroup[];
  /** By image. An image without one is counted but not shown. */
  readonly thumbnails: ReadonlyMap<EvaluatedImage, Thumbnail>;
  readonly calibration: Thresholds;
  readonly scale: MapScale;
  /** Prefix removed from the paths shown. */
  readonly folder: string;
}

/** All test images next to their heat maps, those that need attention first. */
export function imagesSection(input: CardsInput): Html {
  const { evaluation, groups, thumbnails, calibration, folder, scale } = input;
  const classNames = Object.keys(evaluation.classes);
  const total = evaluation.images.length;
  const leftOut = total - thumbnails.size;
  return html`<section id="images" aria-labelledby="images-title">
<h2 id="images-title">Images</h2>
<p class="lead">Images to review come first: missed defects, false positives, ${calibration.unsure && 'unsure images, '}then those closest to the threshold.
${folder !== '' && html`Folder: <span class="path">${folder}</span>`}</p>
${leftOut > 0 && html`<p class="warning">${formatCount(thumbnails.size)} of ${counted(total, 'image')} shown; the other ${formatCount(leftOut)} are only counted.</p>`}
<div class="toolbar">
${filters(groups, total, calibration)}
${classNames.length > 1 && html`<label class="screen-only">Product <select id="class-filter"><option value="">All</option>${classNames.map((name, index) => html`<option value="${index}">${name}</option>`)}</select></label>`}
${heatMapLegend(
  scale,
  thumbnails.values(),
  evaluation.images.some(({ hasMask }) => hasMask),
)}
</div>
${groups.map((group) => groupOf(group, input, classNames))}
${imageViewer}
</section>`;
}

function filters(groups: readonly ImageGroup[], total: number, { unsure }: Thresholds): Html {
  const outcomes = outcomesByNeed.filter((outcome) => unsure || outcome !== 'unsure');
  const buttons = outcomes.map((outcome) =>
    filterButton(
      outcome,
      outcomeTexts[outcome].filter,
      groups.reduce((sum, group) => sum + (group.outcome === outcome ? group.images.length : 0), 0),
    ),
  );
  return html`<div class="filters screen-only" role="group" aria-label="Show">${filterButton('', 'All', total)}${buttons}</div>`;
}

function groupOf(
  group: ImageGroup,
  input: CardsInput,
  classNames: readonly string[],
): Html | undefined {
  const { outcome, className, defect, images } = group;
  const shown = images.filter((image) => input.thumbnails.has(image));
  const heading = [
    outcomeTexts[outcome].heading,
    defect,
    classNames.length > 1 ? className : undefined,
  ].filter((part) => part !== undefined);
  const cards = shown.map((image) => card(image, outcome, input));
  return html`<section class="group" data-outcome="${outcome}" data-class="${classNames.indexOf(className)}">
<h3><span class="dot ${outcome}"></span>${heading.join(' · ')} <span class="count">${formatCount(images.length)}</span></h3>
${cardRows(cards)}
${shown.length < images.length && html`<p class="lead">${counted(images.length - shown.length, 'image')} not shown.</p>`}
</section>`;
}

function card(image: EvaluatedImage, outcome: Outcome, input: CardsInput): Html {
  const { entry, score } = image;
  const { thumbnails, calibration, folder } = input;
  const { badge: text, sign } = outcomeTexts[outcome];
  return imageCard({
    path: entry.path.slice(folder.length),
    fullPath: entry.path,
    thumbnail: thumbnails.get(image) as Thumbnail,
    badge: { className: outcome, sign, text },
    label: isAnomalous(entry) ? entry.defect : 'good',
    score,
    threshold: calibration.threshold,
  });
}
