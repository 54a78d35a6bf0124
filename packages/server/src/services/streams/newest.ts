/**
 * Reads a live source without pause, and yields its newest item whenever one is asked for.
 * @param onDropped called for each item that a newer one replaced
 */
export async function* newestOf<Item extends object>(
  items: AsyncIterable<Item>,
  onDropped: () => void,
): AsyncGenerator<Item> {
  let newest: Item | undefined;
  let changed = Promise.withResolvers<void>();
  let isOver = false;
  const reading = (async () => {
    try {
      for await (const item of items) {
        if (newest) onDropped();
        newest = item;
        changed.resolve();
      }
    } finally {
      isOver = true;
      changed.resolve();
    }
  })();
  // Thrown below, once the last item was taken.
  reading.catch(() => {});
  while (!isOver || newest) {
    if (!newest) await changed.promise;
    changed = Promise.withResolvers();
    const item = newest;
    newest = undefined;
    if (item) yield item;
  }
  await reading;
}
