// Filters images by verdict and product, and enlarges them.

import { all, find } from './dom.ts';

const images = find('#images');
const filters = all('[data-filter]');
const classFilter = document.querySelector<HTMLSelectElement>('#class-filter');

function filter(): void {
  const outcome = find('[data-filter][aria-pressed=true]').dataset.filter;
  const index = classFilter?.value ?? '';
  for (const group of all('.group')) {
    const fits = !outcome || group.dataset.outcome === outcome;
    group.hidden = !fits || (index !== '' && index !== group.dataset.class);
  }
}

for (const button of filters) {
  button.addEventListener('click', () => {
    for (const other of filters) other.setAttribute('aria-pressed', String(other === button));
    filter();
  });
}
classFilter?.addEventListener('change', filter);

const truth = document.querySelector<HTMLInputElement>('#truth-toggle');
truth?.addEventListener('change', () => images.classList.toggle('no-truth', !truth.checked));

const viewer = find<HTMLDialogElement>('#viewer');
/** The image and heat map that are enlarged. */
let current: HTMLElement | undefined;

function enlarge(pair: HTMLElement): void {
  current = pair;
  find('#viewer-title').textContent = pair.dataset.title ?? '';
  const captions = all('.caption', pair.parentElement ?? undefined);
  const views = document.createElement('div');
  views.className = 'pair';
  views.style.cssText = pair.style.cssText;
  views.append(...copies([...pair.children]));
  find('#viewer-body').replaceChildren(views, ...copies(captions));
  if (!viewer.open) viewer.showModal();
}

function copies(elements: readonly Element[]): Node[] {
  return elements.map((element) => element.cloneNode(true));
}

/** Shows the next or previous visible image, wrapping around. */
function step(by: number): void {
  const pairs = all('.card .pair').filter((pair) => !pair.closest('[hidden]'));
  const at = current ? pairs.indexOf(current) : -1;
  const next = pairs[(at + by + pairs.length) % pairs.length];
  if (next) enlarge(next);
}

images.addEventListener('click', ({ target }) => {
  const pair = (target as Element).closest<HTMLElement>('.card .pair');
  if (pair) enlarge(pair);
  else if (target === viewer) viewer.close();
});
find('#previous').addEventListener('click', () => step(-1));
find('#next').addEventListener('click', () => step(1));
viewer.addEventListener('keydown', ({ key }) => {
  if (key === 'ArrowLeft') step(-1);
  else if (key === 'ArrowRight') step(1);
});
viewer.addEventListener('close', () => {
  const fold = current?.closest('details');
  if (fold) fold.open = true;
  current?.focus();
});
