import { computed, effect, signal } from '@preact/signals';
import { stored } from '../texts/stored.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const saved = stored('theme', 'system');
export const theme = signal<Theme>(themes.find((name) => name === saved.value) ?? 'system');

const darkSystem = matchMedia('(prefers-color-scheme: dark)');
const isSystemDark = signal(darkSystem.matches);
darkSystem.addEventListener('change', ({ matches }) => {
  isSystemDark.value = matches;
});

/** The colours that are shown: what is drawn on a canvas is drawn again with others. */
export const scheme = computed<'light' | 'dark'>(() => {
  if (theme.value !== 'system') return theme.value;
  return isSystemDark.value ? 'dark' : 'light';
});

effect(() => {
  saved.value = theme.value;
  document.documentElement.dataset.theme = scheme.value;
});
