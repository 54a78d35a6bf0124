import { counted } from '@bigrid/errors';
import { describePromise, type Evaluation, type Manifest, parseRule } from '@bigrid/inspect';
import { formatCount, formatDate, formatPercent, formatScore } from './format.ts';
import { type Html, html } from './html.ts';
import { type Counts, countOutcomes } from './summary.ts';

/** Counts at a glance: defects caught and missed, good images rejected. */
export function summarySection(evaluation: Evaluation, manifest: Manifest): Html {
  const { calibration } = manifest;
  const { images } = evaluation;
  const counts = countOutcomes(images, calibration);
  const { caught, missed, falsePositives, passed, unsureDefects, unsureGood } = counts;
  const defective = caught + missed + unsureDefects;
  const good = falsePositives + passed + unsureGood;
  const tile = (name: string, label: string, count: number, whole: number, of: string) =>
    html`<div class="tile ${name}${count === 0 && ' none'}"><dt>${label}</dt>
<dd><b>${formatCount(count)}</b> of ${formatCount(whole)} ${of} <span class="share">${formatPercent(count, whole)}</span></dd></div>`;
  const { failed, withoutMask } = evaluation;
  return html`<section id="summary" aria-label="Summary">
<p class="headline">${sentence(caught, defective, falsePositives, good)}${calibration.unsure && ` ${doubts(counts)}`}</p>
<dl class="tiles">
${tile('caught', 'Detected', caught, defective, 'defective')}
${tile('missed', 'Missed', missed, defective, 'defective')}
${calibration.unsure && tile('unsure', 'Unsure', unsureDefects + unsureGood, images.length, 'images')}
${tile('false-positive', 'False positives', falsePositives, good, 'good')}
${tile('passed', 'Passed', passed, good, 'good')}
</dl>
${
  (failed.length > 0 || withoutMask.length > 0) &&
  html`<p class="warning">${[
    failed.length > 0 &&
      `${counted(failed.length, 'image')} could not be read and ${failed.length === 1 ? 'is' : 'are'} not counted.`,
    withoutMask.length > 0 &&
      `${counted(withoutMask.length, 'defective image')} without a usable mask: left out of the pixel metrics.`,
  ]
    .filter(Boolean)
    .join(' ')} <a href="#left-out">List</a></p>`
}
</section>`;
}

function sentence(caught: number, defective: number, falsePositives: number, good: number): string {
  const found =
    defective === 0
      ? 'There were no defective images to find.'
      : `${caught === defective ? 'All' : `${formatCount(caught)} of`} ${counted(defective, 'defective image')} detected`;
  if (good === 0) return defective === 0 ? found : `${found}.`;
  const alarms = `${falsePositives === 0 ? 'no false positive' : counted(falsePositives, 'false positive')} among ${formatCount(good)} good`;
  return defective === 0 ? `${found} There was ${alarms}.` : `${found}, ${alarms}.`;
}

/** Images between the two thresholds, for a person to look at. */
function doubts({ unsureDefects, unsureGood }: Counts): string {
  const unsure = unsureDefects + unsureGood;
  if (unsure === 0) return 'None is unsure.';
  return `${formatCount(unsure)} ${unsure === 1 ? 'is' : 'are'} unsure: ${formatCount(unsureDefects)} defective, ${formatCount(unsureGood)} good.`;
}

/** How the model was trained, and what its threshold promises. */
export function trainingSection(manifest: Manifest): Html {
  const { training, calibration, method, schedule, backbone } = manifest;
  const fact = (name: string, value: string) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return html`<section id="training" aria-labelledby="training-title">
<h2 id="training-title">Model</h2>
<div class="panel">
<dl class="facts">
${fact('Products', manifest.classes.join(', '))}
${fact('Trained', formatDate(manifest.createdAt))}
${fact('Good images for training', formatCount(training.images))}
${fact('Images for calibration', formatCount(calibration.scores.length))}
${training.skipped > 0 && fact('Unreadable, skipped', formatCount(training.skipped))}
${fact('Profile', manifest.profile)}
${fact('Seed', String(training.seed))}
${fact('Steps', `${formatCount(training.steps)}${schedule.epochs === undefined ? '' : ` (${formatCount(schedule.epochs)} epochs)`}`)}
${fact('Backbone', `${backbone.name} (${backbone.licence})`)}
${fact('Input', `${method.inputSize} × ${method.inputSize} pixels`)}
${fact('Engine', training.engine)}
${fact('Bigrid', manifest.bigridVersion)}
${fact('Threshold', formatScore(calibration.threshold))}
${calibration.unsure && fact('Unsure from', formatScore(calibration.unsure.threshold))}
${fact('Outline from', formatScore(calibration.pixelThreshold))}
<div class="wide-fact"><dt>Training data (SHA-256)</dt><dd><code>${training.dataHash}</code></dd></div>
</dl>
<p>${thresholdMeaning(calibration)}</p>
</div></section>`;
}

/** Where the thresholds come from, and what the upper one promises. */
export function thresholdMeaning(calibration: Manifest['calibration']): string {
  const { scores, rule, threshold, unsure, measuredAt } = calibration;
  const { kind } = parseRule(rule);
  const above = scores.filter((score) => score > threshold).length;
  const measured = measuredAt ? `scored on ${formatDate(measuredAt)}` : 'that training did not use';
  const defects = kind === 'f1' || kind === 'recall' ? ' and of labelled defects' : '';
  const images = `${counted(scores.length, 'good image')} ${measured}${defects}`;
  const isHighest = (kind === 'quantile' || kind === 'max-fpr') && above === 0;
  const origins = {
    number: `set by hand; ${formatCount(above)} of ${images} score above it`,
    highest: `the highest score of ${images} (${rule})`,
    ruled: `by the rule ${rule} from the scores of ${images}`,
  };
  const origin = origins[kind === 'number' ? kind : isHighest ? 'highest' : 'ruled'];
  const doubt = unsure
    ? ` It is unsure above ${formatScore(unsure.threshold)} (${unsure.rule}).`
    : '';
  return `An image is anomalous if its score is above the threshold ${formatScore(threshold)}: ${origin}.${doubt} ${describePromise(calibration)}`;
}

/** Images that are missing from some or all of the numbers. */
export function leftOutSection(evaluation: Evaluation, folder: string): Html | undefined {
  const { failed, withoutMask } = evaluation;
  if (failed.length === 0 && withoutMask.length === 0) return undefined;
  const short = (path: string) => path.slice(path.startsWith(folder) ? folder.length : 0);
  return html`<section id="left-out" aria-labelledby="left-out-title">
<h2 id="left-out-title">Left out</h2>
${
  failed.length > 0 &&
  html`<h3>Could not be read <span class="count">${failed.length}</span></h3>
<div class="panel scroll" tabindex="0" role="region" aria-label="Images that could not be read"><table><thead><tr><th scope="col">Image</th><th scope="col">Error</th><th scope="col">What happened</th></tr></thead>
<tbody>${failed.map(({ path, error }) => html`<tr><th scope="row" class="path">${short(path)}</th><td><code>${error.code}</code></td><td>${error.message}</td></tr>`)}</tbody></table></div>`
}
${
  withoutMask.length > 0 &&
  html`<h3>Without a usable mask <span class="count">${withoutMask.length}</span></h3>
<p class="lead">Counted for whole images, not for pixels.</p>
<ul class="panel paths">${withoutMask.map((path) => html`<li>${short(path)}</li>`)}</ul>`
}
</section>`;
}
