/** Evenly spaced items: `count` of them, or all if there are fewer. */
export function evenly<Item>(items: readonly Item[], count: number): Item[] {
  const most = Math.min(count, items.length);
  return Array.from(
    { length: most },
    (_, at) => items[Math.floor((at * items.length) / most)] as Item,
  );
}
