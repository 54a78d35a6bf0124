import { computed, effect } from '@preact/signals';
import { de } from './de.ts';
import { en, type Texts } from './en.ts';
import { stored } from './stored.ts';

const languages = { en, de } satisfies Record<string, Texts>;
export type Language = keyof typeof languages;

export const languageNames: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

const chosen = stored('language', navigator.language.slice(0, 2));

/** The language of the page: the one chosen, that of the browser, or English. */
export const language = computed<Language>(() =>
  chosen.value in languages ? (chosen.value as Language) : 'en',
);

export function chooseLanguage(name: Language): void {
  chosen.value = name;
}

/** All texts of the page in its language. */
export const t = computed<Texts>(() => languages[language.value]);

/** Numbers as the language writes them. @param digits after the point, at most */
export function formatNumber(value: number, digits = 0): string {
  return numberFormat('decimal', digits).format(value);
}

/** @param share 0..1 */
export function formatShare(share: number, digits = 0): string {
  return numberFormat('percent', digits).format(share);
}

const numberFormats = new Map<string, Intl.NumberFormat>();

/** Each format is made once: that takes fifty times as long as its use, which may be for hundreds of images at a time. */
function numberFormat(style: 'decimal' | 'percent', digits: number): Intl.NumberFormat {
  const key = `${language.value} ${style} ${digits}`;
  let format = numberFormats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(language.value, { style, maximumFractionDigits: digits });
    numberFormats.set(key, format);
  }
  return format;
}

// For the first number the browser loads what it knows about languages: rather while the page waits for the server.
globalThis.requestIdleCallback?.(() => formatNumber(0));

export function formatTime(iso: string): string {
  return new Date(iso).toLocaleString(language.value, { dateStyle: 'medium', timeStyle: 'short' });
}

/** Such as `1 min 20 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

effect(() => {
  document.documentElement.lang = language.value;
});
