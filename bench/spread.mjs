// Mean and sample deviation of one figure over seeds; the deviation of a single one is 0.

export function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

export function deviation(numbers) {
  const centre = mean(numbers);
  const squares = numbers.reduce((sum, number) => sum + (number - centre) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, numbers.length - 1));
}

/** `mean ± deviation (each)` */
export function spread(numbers, digits) {
  const each = numbers.map((number) => number.toFixed(digits)).join(', ');
  return `${mean(numbers).toFixed(digits)} ± ${deviation(numbers).toFixed(digits)} (${each})`;
}
