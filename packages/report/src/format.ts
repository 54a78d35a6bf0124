/** Stands for a number that is not defined. */
export const undefinedSign = '–';

/** A score or map value with three significant digits: 0.0765, 12.3, 4.1e-7. */
export function formatScore(score: number): string {
  if (Number.isNaN(score)) return undefinedSign;
  if (!Number.isFinite(score)) return score > 0 ? '∞' : '−∞';
  const text = score.toPrecision(3);
  // 1.23e+3 is harder to read than 1230.
  const plain = text.includes('e+') ? String(Number(text)) : text;
  return plain.replaceAll('-', '−');
}

/** A metric in 0..1 with three decimals; one below 1 is never shown as 1. */
export function formatMetric(value: number): string {
  if (Number.isNaN(value)) return undefinedSign;
  return value < 1 && value >= 0.9995 ? '> 0.999' : value.toFixed(3);
}

/** 12,345 in every locale. */
export function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** 2026-07-04 12:30 UTC from an ISO date. */
export function formatDate(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** A share as whole percent, never rounded up to 100 or down to 0. */
export function formatPercent(part: number, whole: number): string {
  if (whole === 0) return undefinedSign;
  const percent = Math.round((part / whole) * 100);
  if (percent === 100 && part < whole) return '99 %';
  return percent === 0 && part > 0 ? '< 1 %' : `${percent} %`;
}

/** The folder that all paths share, with its last separator; empty if there is none. */
export function commonFolder(paths: readonly string[]): string {
  const [first = '', ...others] = paths;
  let length = Math.max(first.lastIndexOf('/'), first.lastIndexOf('\\')) + 1;
  for (const path of others) {
    let same = 0;
    while (same < length && path[same] === first[same]) same++;
    length = same;
  }
  const shared = first.slice(0, length);
  return shared.slice(0, Math.max(shared.lastIndexOf('/'), shared.lastIndexOf('\\')) + 1);
}
