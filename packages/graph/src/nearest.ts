import { distance } from 'fastest-levenshtein';

/** Longer names are compared by their ends, where names of exporters differ: a file may hold very many long ones. */
const LONGEST = 80;

/**
 * The candidates most like an unknown name: the one that differs only in case, then those that contain it, the last
 * first, then by edit distance.
 */
export function nearest(name: string, candidates: readonly string[], count: number): string[] {
  const text = name.toLowerCase().slice(-LONGEST);
  const differences = candidates.map((candidate, at) => {
    const other = candidate.toLowerCase().slice(-LONGEST);
    if (other === text) return { candidate, difference: -1 };
    const difference =
      text !== '' && other.includes(text) ? -at / candidates.length : distance(text, other);
    return { candidate, difference };
  });
  differences.sort((a, b) => a.difference - b.difference);
  return differences.slice(0, count).map(({ candidate }) => candidate);
}
