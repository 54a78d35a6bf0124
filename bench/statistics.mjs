// Statistics of repeated measurements.

export function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** The sample standard deviation; 0 for a single number. */
export function deviation(numbers) {
  const centre = mean(numbers);
  const squares = numbers.reduce((sum, number) => sum + (number - centre) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, numbers.length - 1));
}

/** The q-quantile, with linear interpolation. */
export function quantile(numbers, q) {
  if (numbers.length === 0) throw new Error('Expected numbers for a quantile but received none');
  const sorted = Float64Array.from(numbers).sort();
  const at = q * (sorted.length - 1);
  const [low, high] = [Math.floor(at), Math.ceil(at)];
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

export const median = (numbers) => quantile(numbers, 0.5);

/** `mean ± deviation` */
export function meanAndDeviation(numbers, digits) {
  return `${mean(numbers).toFixed(digits)} ± ${deviation(numbers).toFixed(digits)}`;
}

/** `mean ± deviation (each)` */
export function spread(numbers, digits) {
  const each = numbers.map((number) => number.toFixed(digits)).join(', ');
  return `${meanAndDeviation(numbers, digits)} (${each})`;
}
