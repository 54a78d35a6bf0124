import {
  type EvaluatedPicture,
  type Evaluation,
  isAnomalous,
  type MapScale,
  type Thresholds,
} from '@bigrid/inspect';
import { formatCount, plural } from './format.ts';
import { type Html, html } from './html.ts';
import {
  cardRows,
  filterButton,
  heatMapLegend,
  pictureCard,
  pictureViewer,
} from './picture-card.ts';
import { type Outcome, outcomesByNeed, type PictureGroup } from './summary.ts';
import type { Thumbnail } from './thumbnails.ts';

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

export interface CardsInput {
  readonly evaluation: Evaluation;
  readonly groups: readonly PictureGroup[];
  /** By picture; those left out are only counted. */
  readonly thumbnails: ReadonlyMap<EvaluatedPicture, Thumbnail>;
  readonly calibration: Thresholds;
  readonly scale: MapScale;
  /** Left out of the paths shown. */
  readonly folder: string;
}

/** Every test picture beside its heat map, those that need a look first. */
export function picturesSection(input: CardsInput): Html {
  const { evaluation, groups, thumbnails, calibration, folder, scale } = input;
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
${heatMapLegend(
  scale,
  thumbnails.values(),
  evaluation.pictures.some(({ hasMask }) => hasMask),
)}
</div>
${groups.map((group) => groupOf(group, input, classNames))}
${pictureViewer}
</section>`;
}

function filters(groups: readonly PictureGroup[], total: number, { unsure }: Thresholds): Html {
  const outcomes = outcomesByNeed.filter((outcome) => unsure || outcome !== 'unsure');
  const buttons = outcomes.map((outcome) =>
    filterButton(
      outcome,
      outcomeTexts[outcome].filter,
      groups.reduce(
        (sum, group) => sum + (group.outcome === outcome ? group.pictures.length : 0),
        0,
      ),
    ),
  );
  return html`<div class="filters screen-only" role="group" aria-label="Show">${filterButton('', 'All', total)}${buttons}</div>`;
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
  return html`<section class="group" data-outcome="${outcome}" data-class="${classNames.indexOf(className)}">
<h3><span class="dot ${outcome}"></span>${heading.join(' · ')} <span class="count">${formatCount(pictures.length)}</span></h3>
${cardRows(cards)}
${shown.length < pictures.length && html`<p class="lead">${plural(pictures.length - shown.length, 'picture')} not shown.</p>`}
</section>`;
}

function card(picture: EvaluatedPicture, outcome: Outcome, input: CardsInput): Html {
  const { entry, score } = picture;
  const { thumbnails, calibration, folder } = input;
  const { badge: text, sign } = outcomeTexts[outcome];
  return pictureCard({
    path: entry.path.slice(folder.length),
    fullPath: entry.path,
    thumbnail: thumbnails.get(picture) as Thumbnail,
    badge: { className: outcome, sign, text },
    label: isAnomalous(entry) ? entry.defect : 'good',
    score,
    threshold: calibration.threshold,
  });
}
