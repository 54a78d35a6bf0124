/** Vectors of equal length, one after another: [count * width]. */
export function joined(rows: readonly Float32Array[]): Float32Array {
  const width = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * width);
  rows.forEach((row, at) => {
    all.set(row, at * width);
  });
  return all;
}

/** The inverse: views of `width` elements each. */
export function split(data: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: data.length / width }, (_, row) =>
    data.subarray(row * width, (row + 1) * width),
  );
}
