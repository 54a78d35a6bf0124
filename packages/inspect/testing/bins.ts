/** Puts the values of maps into bins of their own, in the same order; what is not a number stays so. */
export function apart(maps: readonly Float32Array[]): Float32Array[] {
  const distinct = [...new Set(maps.flatMap((map) => [...map]))].filter(
    (value) => !Number.isNaN(value),
  );
  distinct.sort((a, b) => a - b);
  // 256 bins an octave: exact steps within the octaves from 1 on.
  const places = new Map(
    distinct.map((value, rank) => [value, 2 ** Math.floor(rank / 256) * (1 + (rank % 256) / 256)]),
  );
  return maps.map((map) => map.map((value) => places.get(value) ?? Number.NaN));
}
