import { fail } from '@bigrid/errors';
import { type MethodOptions, MOST_TILES, tilesAlong } from '@bigrid/method';
import { median } from '../metrics/order.ts';
import type { ImageEntry } from '../ports.ts';

/**
 * What `auto` takes for the longest side of a tile, in sides of what the network sees. At two, a cell of features is
 * as many pixels of the image as the smallest defects that people mark by hand; at one, four times as many tiles
 * take four times as long.
 */
const AUTOMATIC = 2;

/** Images whose sizes are looked at: those of one line are alike. */
const LOOKED_AT = 5;

/**
 * The method with as many tiles as an image of the median size takes, so that none is longer than asked for; without
 * tiles where one would do.
 * @param tile longest side of a tile in pixels, or `auto`
 * @throws OPTION_INVALID where a side would take more than 100 tiles
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
      `Expected tiles of which at most ${MOST_TILES} lie along a side, for images of ${width} x ${height}, but received tiles of ${longest} pixels, ${rows} x ${columns}`,
    );
  }
  if (rows * columns === 1) return method;
  // Of most images some tiles alone are read: too little to know what to expect of each place.
  return { ...method, tiles: { rows, columns }, expectation: 'none' };
}

/** Of a few images spread over all; those that cannot be read are reported when their turn comes. */
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
