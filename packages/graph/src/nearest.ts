/** Longer names are compared by their ends, where names of exporters differ. */
const LONGEST = 80;

/**
 * The candidates most like a name that there is not: the one that differs in capitals alone, those that contain it, the last
 * first, then by edit distance.
 */
export function nearest(name: string, candidates: readonly string[], count: number): string[] {
  const text = name.toLowerCase().slice(-LONGEST);
  const distances = candidates.map((candidate, at) => {
    const other = candidate.toLowerCase().slice(-LONGEST);
    if (other === text) return { candidate, distance: -1 };
    const distance =
      text !== '' && other.includes(text) ? -at / candidates.length : editDistance(text, other);
    return { candidate, distance };
  });
  distances.sort((a, b) => a.distance - b.distance);
  return distances.slice(0, count).map(({ candidate }) => candidate);
}

/** Letters to insert, delete or replace to get from one text to the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
