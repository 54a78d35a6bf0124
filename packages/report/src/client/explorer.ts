// Moves the threshold over the histogram and updates the counts.

import { countAt, type ExplorerData } from './counts.ts';
import { all, find } from './dom.ts';

const data: ExplorerData = JSON.parse(find('#scores').textContent ?? '');
const { threshold, unsure, logarithmic, low, high, scores } = data;
const explorer = find('#explorer');
const slider = find<HTMLInputElement>('#slider');
const reset = find<HTMLButtonElement>('#reset');
const shown = find('#threshold-value');
const initial = shown.textContent ?? '';

function show(value: number, percent: number): void {
  explorer.style.setProperty('--place', String(percent));
  const text = value === threshold ? initial : format(value);
  shown.textContent = text;
  const total = countAt(scores, value, unsure);
  for (const corner of all('.corner b')) fill(corner, total);
  for (const row of all('#outcomes tr[data-row]')) {
    const index = row.dataset.row;
    const counts = index === 'all' ? total : countAt(scores, value, unsure, Number(index));
    for (const cell of all('td', row)) fill(cell, counts);
  }
  slider.setAttribute('aria-valuetext', `${text}: ${inWords(total)}`);
  reset.disabled = value === threshold;
}

type Counts = ReturnType<typeof countAt>;

function fill(element: HTMLElement, counts: Counts): void {
  element.textContent = String(counts[element.dataset.count as keyof Counts]);
}

function inWords({ caught, missed, falsePositives, unsureDefects, unsureGood }: Counts): string {
  const sure = `${caught} detected, ${missed} missed, ${falsePositives} false positives`;
  return unsure === null ? sure : `${sure}, ${unsureDefects + unsureGood} unsure`;
}

/** Three significant digits, as everywhere on the page. */
function format(value: number): string {
  const text = value.toPrecision(3);
  return (text.includes('e+') ? String(Number(text)) : text).replaceAll('-', '−');
}

slider.addEventListener('input', () => {
  const place = Number(slider.value) / 1000;
  const value = low + place * (high - low);
  show(logarithmic ? 10 ** value : value, place * 100);
});
reset.addEventListener('click', () => {
  const place = ((logarithmic ? Math.log10(threshold) : threshold) - low) / (high - low);
  slider.value = String(Math.round(place * 1000));
  show(threshold, place * 100);
  slider.focus();
});
