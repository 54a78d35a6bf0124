import { fail } from '@bigrid/errors';
import { type MethodOptions, MOST_TILES, tilesAlong } from '@bigrid/method';
import { median } from '../metrics/order.ts';
import type { ImageEntry } from '../ports.ts';
import { withoutExpectation } from './options.ts';

/**
 * Longest side of a tile for `auto`, as a multiple of the network's input. At two, a feature cell covers about as many
 * image pixels as the smallest defects that people mark by hand; at one, four times as many tiles take four times as
 * long.
 */
const AUTOMATIC = 2;

/** Number of images whose sizes are read: those of one line are similar. */
const LOOKED_AT = 5;

/**
 * The method with as many tiles as an image of the median size needs, so that none is longer than asked for; without
 * tiles if one is enough.
 * @param tile longest side of a tile in pixels, or `auto`
 * @throws OPTION_INVALID if a side would need more than 100 tiles
 */
export async function withTiles(
  method: MethodOptions,
  tile: number | 'auto' | undefined,
  entries: readonly ImageEntry[],
): Promise<MethodOptions> {
  if (tile === undefined) return method;
  const { width, height } = await medianSize(entries);
  const longest = tile === 'auto' ? AUTOMATIC * method.inputSize : tile;
  const [rows, columns] = [tilesAlong(height, longest), tilesAlong(width, longest)];
  if (Math.max(rows, columns) > MOST_TILES) {
    fail(
      'OPTION_INVALID',
      `Expected tiles large enough for at most ${MOST_TILES} along a side of images of ${width} x ${height} but received tiles of ${longest} pixels, ${rows} x ${columns}`,
    );
  }
  if (rows * columns === 1) return method;
  // Only some tiles of most images are read: too few to measure an expectation for each place. A tile does not show the light
  // of its image.
  return { ...withoutExpectation(method), light: 'fixed', tiles: { rows, columns } };
}

/** Sizes of a few evenly spaced images; unreadable ones are reported when their turn comes. */
async function medianSize(entries: readonly ImageEntry[]) {
  const sizes: { width: number; height: number }[] = [];
  for (let i = 0; i < entries.length && sizes.length < LOOKED_AT; ) {
    const image = await (entries[i] as ImageEntry).read().catch(() => undefined);
    if (image) sizes.push(image);
    i += Math.max(1, Math.floor(entries.length / LOOKED_AT));
  }
  const middle = (side: 'width' | 'height') => median(sizes.map((size) => size[side])) ?? 1;
  return { width: middle('width'), height: middle('height') };
}
