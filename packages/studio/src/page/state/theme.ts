import { effect, signal } from '@preact/signals';
import { stored } from '../texts/stored.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const saved = stored('theme', 'system');
export const theme = signal<Theme>(themes.find((name) => name === saved.value) ?? 'system');

effect(() => {
  saved.value = theme.value;
  if (theme.value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});
