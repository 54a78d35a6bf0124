import { counted } from '@bigrid/errors';
import type { Judgement, Manifest, MapScale } from '@bigrid/inspect';
import { commonFolder, formatCount, formatDate, formatPercent } from './format.ts';
import { type PageParts, pageHead, pageScripts } from './head.ts';
import { breakable, type Html, html } from './html.ts';
import { cardRows, filterButton, heatMapLegend, imageCard, imageViewer } from './image-card.ts';
import type { ShownImage, UnreadImage, VerdictCounts } from './inspection-report.ts';
import { thresholdMeaning } from './summary-section.ts';

export interface InspectionPageInput {
  readonly title: string;
  readonly manifest: Manifest;
  readonly counts: VerdictCounts;
  /** The highest score first. */
  readonly shown: readonly ShownImage[];
  readonly unread: readonly UnreadImage[];
  /** Images known from a log, which were not inspected again. */
  readonly logged: number;
  readonly scale: MapScale;
}

/** By descending score, in the order of the images. */
const verdicts: readonly Judgement[] = ['anomalous', 'unsure', 'normal'];

const badges: Readonly<
  Record<Judgement, { readonly className: string; readonly sign: string; readonly text: string }>
> = {
  anomalous: { className: 'missed', sign: '!', text: 'Anomalous' },
  unsure: { className: 'unsure', sign: '?', text: 'Unsure' },
  normal: { className: 'passed', sign: '✓', text: 'Normal' },
};

const parts: PageParts = { scripts: ['viewer'] };

/** Renders the gallery of {@link InspectionReport}. */
export function renderInspection(input: InspectionPageInput): string {
  const { title, manifest, counts, shown, unread, logged } = input;
  const { calibration } = manifest;
  const judged = verdicts.filter((verdict) => verdict !== 'unsure' || calibration.unsure);
  const total = counts.anomalous + counts.unsure + counts.normal;
  const all = total + counts.unreadable;
  const folder = commonFolder(shown.map(({ path }) => path));
  return html`<!doctype html>
<html lang="en">
${pageHead(title, parts)}
<body>
<a class="skip" href="#images">Skip to the images</a>
<header>
<h1>${breakable(title)}</h1>
<p>${counted(all, 'image')} inspected · model of ${formatDate(manifest.createdAt)}, trained on ${counted(manifest.training.images, 'good image')}${logged > 0 && ` · ${formatCount(logged)} more known from the log, not shown`}</p>
</header>
<main>
<section id="summary" aria-label="Summary">
<dl class="tiles">
${judged.map((verdict) => tile(badges[verdict].className, badges[verdict].text, counts[verdict], all))}
${counts.unreadable > 0 && tile('false-positive', 'Unreadable', counts.unreadable, all)}
</dl>
</section>
<section id="images" aria-labelledby="images-title">
<h2 id="images-title">Images</h2>
<p class="lead">Highest score first. ${thresholdMeaning(calibration)}</p>
${folder !== '' && html`<p class="lead">Folder: <span class="path">${folder}</span></p>`}
${shown.length < total && html`<p class="warning">The ${formatCount(shown.length)} images with the highest scores are shown; the other ${formatCount(total - shown.length)} are only counted.</p>`}
<div class="toolbar">
<div class="filters screen-only" role="group" aria-label="Show">${filterButton('', 'All', total)}${judged.map((verdict) => filterButton(verdict, badges[verdict].text, counts[verdict]))}</div>
${heatMapLegend(
  input.scale,
  shown.map(({ thumbnail }) => thumbnail),
  false,
)}
</div>
${judged.map((verdict) => group(verdict, input, folder))}
${total === 0 && html`<p class="empty">No image to show.</p>`}
${imageViewer}
</section>
${unread.length > 0 && unreadSection(unread, counts.unreadable)}
</main>
<footer>Bigrid ${manifest.bigridVersion} · everything on this page is in this one file</footer>
${pageScripts(parts)}
</body>
</html>
`.text;
}

function tile(className: string, label: string, count: number, whole: number): Html {
  return html`<div class="tile ${className}${count === 0 && ' none'}"><dt>${label}</dt>
<dd><b>${formatCount(count)}</b> of ${formatCount(whole)} <span class="share">${formatPercent(count, whole)}</span></dd></div>`;
}

function group(
  verdict: Judgement,
  { counts, shown, manifest }: InspectionPageInput,
  folder: string,
): Html | undefined {
  if (counts[verdict] === 0) return undefined;
  const { threshold } = manifest.calibration;
  const badge = badges[verdict];
  const own = shown.filter((image) => image.verdict === verdict);
  const cards = own.map(({ path, score, unknown, thumbnail }) =>
    imageCard({
      path: path.slice(folder.length),
      fullPath: path,
      thumbnail,
      badge,
      label: unknown ? 'unknown' : undefined,
      score,
      threshold,
    }),
  );
  const leftOut = counts[verdict] - own.length;
  return html`<section class="group" data-outcome="${verdict}">
<h3><span class="dot ${badge.className}"></span>${badge.text} <span class="count">${formatCount(counts[verdict])}</span></h3>
${cardRows(cards)}
${leftOut > 0 && html`<p class="lead">${counted(leftOut, 'image')} not shown.</p>`}
</section>`;
}

function unreadSection(unread: readonly UnreadImage[], total: number): Html {
  return html`<section id="left-out" aria-labelledby="left-out-title">
<h2 id="left-out-title">Could not be read <span class="count">${formatCount(total)}</span></h2>
<div class="panel scroll" tabindex="0" role="region" aria-label="Images that could not be read"><table><thead><tr><th scope="col">Image</th><th scope="col">Error</th><th scope="col">What happened</th></tr></thead>
<tbody>${unread.map(({ path, code, message }) => html`<tr><th scope="row" class="path">${path}</th><td><code>${code}</code></td><td>${message}</td></tr>`)}</tbody></table></div>
${unread.length < total && html`<p class="lead">The first ${formatCount(unread.length)} of them.</p>`}
</section>`;
}
