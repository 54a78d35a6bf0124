import { counted } from '@bigrid/errors';
import type { EvaluatedImage, Evaluation, Manifest, MapScale } from '@bigrid/inspect';
import { imagesSection } from './cards.ts';
import type { DrawChart } from './charts.ts';
import { curvesSection } from './curves.ts';
import { commonFolder, formatDate } from './format.ts';
import { type PageParts, pageHead, pageScripts } from './head.ts';
import { breakable, type Html, html } from './html.ts';
import { defectsSection, metricsSection } from './metrics-section.ts';
import type { ImageGroup } from './summary.ts';
import { leftOutSection, summarySection, trainingSection } from './summary-section.ts';
import { thresholdSection } from './threshold-section.ts';
import type { Thumbnail } from './thumbnail.ts';

export interface PageInput {
  readonly evaluation: Evaluation;
  readonly manifest: Manifest;
  readonly title: string;
  readonly groups: readonly ImageGroup[];
  readonly scale: MapScale;
  readonly thumbnails: ReadonlyMap<EvaluatedImage, Thumbnail>;
  readonly drawChart: DrawChart;
}

const parts: PageParts = { scripts: ['explorer', 'viewer'] };

/** Renders the page of {@link Report}. */
export function renderPage(input: PageInput): string {
  const { evaluation, manifest, title, drawChart } = input;
  const { calibration } = manifest;
  const folder = commonFolder(evaluation.images.map(({ entry }) => entry.path));
  const sections: readonly (readonly [id: string, name: string, body: Html | undefined])[] = [
    ['summary', 'Summary', summarySection(evaluation, manifest)],
    ['metrics', 'Metrics', metricsSection(evaluation)],
    ['defects', 'Defects', defectsSection(evaluation, calibration)],
    ['images', 'Images', imagesSection({ ...input, calibration, folder })],
    ['threshold', 'Threshold', thresholdSection(evaluation, manifest, drawChart)],
    ['curves', 'Curves', curvesSection(evaluation, calibration.threshold, drawChart)],
    ['training', 'Model', trainingSection(manifest)],
    ['left-out', 'Left out', leftOutSection(evaluation, folder)],
  ];
  const present = sections.filter(([, , body]) => body !== undefined);
  const { training } = manifest;
  const names = Object.keys(evaluation.classes);
  return html`<!doctype html>
<html lang="en">
${pageHead(title, parts)}
<body>
<a class="skip" href="#images">Skip to the images</a>
<header>
<h1>${breakable(title)}</h1>
<p>${names.length > 6 ? counted(names.length, 'product') : names.join(', ')} · ${counted(evaluation.images.length, 'test image')} · model of ${formatDate(manifest.createdAt)}, profile ${manifest.profile}, seed ${training.seed}, trained on ${counted(training.images, 'good image')}, ${training.heldOut} held out</p>
</header>
<nav aria-label="Sections"><ul>${present.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
<main>
${present.map(([, , body]) => body)}
</main>
<footer>Bigrid ${manifest.bigridVersion} · everything on this page is in this one file</footer>
${pageScripts(parts)}
</body>
</html>
`.text;
}
