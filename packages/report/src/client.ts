/**
 * Counts verdicts as the page's script does; rows hold score (null: not a number), class, and 1 for a defect. `unsure` is
 * where doubt begins, or null.
 */
export const countingScript = `function countAt(scores, threshold, unsure, chosen) {
  const counts = { caught: 0, missed: 0, falseAlarms: 0, passed: 0, unsureDefects: 0, unsureGood: 0 };
  for (const [score, index, defective] of scores) {
    if (chosen !== undefined && chosen !== index) continue;
    const above = score !== null && score > threshold;
    if (!above && score !== null && unsure !== null && score > unsure) counts[defective ? 'unsureDefects' : 'unsureGood']++;
    else counts[defective ? (above ? 'caught' : 'missed') : above ? 'falseAlarms' : 'passed']++;
  }
  return counts;
}`;

const findScript = `'use strict';
const find = (selector, inside = document) => inside.querySelector(selector);
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
`;

/** Moves the threshold. */
const explorerScript = `${countingScript}

const { threshold, unsure, logarithmic, low, high, scores } = JSON.parse(find('#scores').textContent);
const explorer = find('#explorer');
const slider = find('#slider');
const reset = find('#reset');
const initial = find('#threshold-value').textContent;
const format = (value) => {
  const text = value.toPrecision(3);
  return (text.includes('e+') ? String(Number(text)) : text).replaceAll('-', '\\u2212');
};
function show(value, place) {
  explorer.style.setProperty('--place', place);
  const text = value === threshold ? initial : format(value);
  find('#threshold-value').textContent = text;
  const total = countAt(scores, value, unsure);
  for (const corner of all('.corner b')) corner.textContent = total[corner.dataset.count];
  for (const row of all('#outcomes tr[data-row]')) {
    const counts = row.dataset.row === 'all' ? total : countAt(scores, value, unsure, Number(row.dataset.row));
    for (const cell of all('td', row)) cell.textContent = counts[cell.dataset.count];
  }
  slider.setAttribute('aria-valuetext', text + ': ' + total.caught + ' caught, ' + total.missed + ' missed, ' + total.falseAlarms + ' false alarms' + (unsure === null ? '' : ', ' + (total.unsureDefects + total.unsureGood) + ' unsure'));
  reset.disabled = value === threshold;
}
slider.addEventListener('input', () => {
  const place = Number(slider.value) / 1000;
  const value = low + place * (high - low);
  show(logarithmic ? 10 ** value : value, place * 100);
});
reset.addEventListener('click', () => {
  const place = ((logarithmic ? Math.log10(threshold) : threshold) - low) / (high - low);
  slider.value = Math.round(place * 1000);
  show(threshold, place * 100);
  slider.focus();
});
`;

/** Filters images, and enlarges them. */
const viewerScript = `const images = find('#images');
const classFilter = find('#class-filter');
function filter() {
  const outcome = find('[data-filter][aria-pressed=true]').dataset.filter;
  for (const group of all('.group')) {
    const fits = !outcome || group.dataset.outcome === outcome;
    group.hidden = !fits || (classFilter && classFilter.value !== '' && classFilter.value !== group.dataset.class);
  }
}
for (const button of all('[data-filter]')) {
  button.addEventListener('click', () => {
    for (const other of all('[data-filter]')) other.setAttribute('aria-pressed', other === button);
    filter();
  });
}
classFilter?.addEventListener('change', filter);
const truth = find('#truth-toggle');
truth?.addEventListener('change', () => images.classList.toggle('no-truth', !truth.checked));

const viewer = find('#viewer');
let current;
function enlarge(pair) {
  current = pair;
  find('#viewer-title').textContent = pair.dataset.title;
  const caption = all('.caption', pair.parentElement).map((part) => part.cloneNode(true));
  const views = document.createElement('div');
  views.className = 'pair';
  views.style.cssText = pair.style.cssText;
  views.append(...[...pair.children].map((view) => view.cloneNode(true)));
  find('#viewer-body').replaceChildren(views, caption[0], caption[1]);
  if (!viewer.open) viewer.showModal();
}
function step(by) {
  const pairs = all('.card .pair').filter((pair) => !pair.closest('[hidden]'));
  const next = pairs[(pairs.indexOf(current) + by + pairs.length) % pairs.length];
  if (next) enlarge(next);
}
images.addEventListener('click', (event) => {
  const pair = event.target.closest('.card .pair');
  if (pair) enlarge(pair);
  else if (event.target === viewer) viewer.close();
});
find('#previous').addEventListener('click', () => step(-1));
find('#next').addEventListener('click', () => step(1));
viewer.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowLeft') step(-1);
  else if (event.key === 'ArrowRight') step(1);
});
viewer.addEventListener('close', () => {
  const fold = current.closest('details');
  if (fold) fold.open = true;
  current.focus();
});
`;

/** All that moves on the page of a report: the threshold, the filters, the enlarged images. Without it, the page can be read. */
export const clientScript = `(() => {
${findScript}${explorerScript}${viewerScript}})();`;

/** The same for a page of images alone. */
export const galleryScript = `(() => {
${findScript}${viewerScript}})();`;
