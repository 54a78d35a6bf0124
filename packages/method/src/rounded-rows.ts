const LARGEST_INT8 = 127;

/** Rows of which only the directions matter, with 8 bits per number. */
export interface RoundedRows {
  readonly data: Int8Array;
  /** Sum of squares of each row of `data`. */
  readonly squaredLengths: Float32Array;
}

/** Rounds rows to 8 bits per number: steps of 0.8 % of a row's largest value. A row of zeros stays one. */
export function roundedRows(values: Float32Array, width: number): RoundedRows {
  const data = new Int8Array(values.length);
  const squaredLengths = new Float32Array(values.length / width);
  for (let row = 0; row < squaredLengths.length; row++) {
    const own = values.subarray(row * width, (row + 1) * width);
    const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    let sum = 0;
    own.forEach((value, at) => {
      const integer = Math.round((LARGEST_INT8 * value) / largest);
      data[row * width + at] = integer;
      sum += integer ** 2;
    });
    squaredLengths[row] = sum;
  }
  return { data, squaredLengths };
}
