import {
  float32,
  type Graph,
  matMul,
  reduceMax,
  reshape,
  sqrt,
  square,
  sub,
  transpose,
  type Value,
} from '@bigrid/graph';
import { channelRanges, sumOverChannels } from './channels.ts';
import type { Taps } from './features.ts';

/** Side of the map of an undivided image, in pixels: the resolution at which published figures are evaluated. */
export const MAP_SIZE = 256;
/** Longest side of the map of an image in tiles, in pixels, unless it has more cells: it grows with the image. */
const LONGEST_MAP = 512;

/**
 * The weight of each channel's squared error: the channel's variance, which undoes the standardisation, over the summed
 * variance of its tap, times the square root of the ratio of the tap's cells along a side to those of the finest tap. So all
 * taps have equal weight, except that coarser ones, which localise less well, have less.
 * @param deviations [channels]
 */
export function channelWeights(
  deviations: Float32Array,
  { tapChannels, tapCells }: Taps,
): Float32Array {
  const weights = new Float32Array(deviations.length);
  const finest = Math.max(...tapCells);
  for (const [tap, [start, end]] of channelRanges(tapChannels).entries()) {
    const variances = deviations.subarray(start, end).map((deviation) => deviation ** 2);
    const total = variances.reduce((sum, variance) => sum + variance, 0);
    const share = Math.sqrt((tapCells[tap] as number) / finest);
    variances.forEach((variance, channel) => {
      weights[start + channel] = (share * variance) / total;
    });
  }
  return weights;
}

/**
 * The weight of each channel's squared error in the loss: the square root of {@link channelWeights}, which favours channels
 * that matter in the map without neglecting the others. 1 on average.
 * @param deviations [channels]
 */
export function lossWeights(deviations: Float32Array, taps: Taps): Float32Array {
  const roots = channelWeights(deviations, taps).map(Math.sqrt);
  const mean = roots.reduce((sum, root) => sum + root, 0) / roots.length;
  return roots.map((root) => root / mean);
}

/**
 * Weighted L2 norm of the error of each cell (GRAD, section "map").
 * @param features [1, channels, cells, cells], standardised; so is `reconstruction`
 * @param weights from {@link channelWeights}
 * @returns [1, 1, cells, cells]
 */
export function cellErrors(features: Value, reconstruction: Value, weights: Float32Array): Value {
  return cellLengths(
    tapEnergies(features, reconstruction, weights, { tapChannels: [weights.length] }),
  );
}

/**
 * The contribution of each tap to the square of {@link cellErrors}.
 * @returns [1, taps, cells, cells]
 */
export function tapEnergies(
  features: Value,
  reconstruction: Value,
  weights: Float32Array,
  { tapChannels }: Pick<Taps, 'tapChannels'>,
): Value {
  const rows = new Float32Array(tapChannels.length * weights.length);
  for (const [tap, [start, end]] of channelRanges(tapChannels).entries()) {
    rows.set(weights.subarray(start, end), tap * weights.length + start);
  }
  return features.graph.scope('anomalyMap', () =>
    sumOverChannels(square(sub(features, reconstruction)), rows),
  );
}

/** The norm over all taps in each cell. @param energies from {@link tapEnergies} @returns [1, 1, cells, cells] */
export function cellLengths(energies: Value): Value {
  return energies.graph.scope('anomalyMap', () => sqrt(sumOverChannels(energies)));
}

/**
 * From one value per cell to a map: linear between cell centres, then smoothed by a Gaussian, truncated at four
 * deviations and normalised inside the image. Along each axis both are linear, so one matrix:
 *
 *     map = A_rows cells A_columns^T
 *
 * Maps of the same size share their matrices.
 * @param rows, columns of cells, [1, 1, rows, columns] each
 * @param smoothing deviation of the Gaussian, in units of a tile's side / MAP_SIZE; 0 for none
 * @param cellsOfTile cells along one side of a tile
 * @returns a function from cells to a map, [1, 1, height, width]: {@link mapSize}
 */
export function mapMaker(
  graph: Graph,
  [rows, columns]: readonly [number, number],
  smoothing: number,
  cellsOfTile: number,
): (cells: Value) => Value {
  const { height, width, scale } = mapSize(rows, columns, cellsOfTile);
  const constantFor = (pixels: number, count: number) =>
    graph.constant(matrix(smoothed(interpolation(pixels, count), smoothing * scale)));
  const down = constantFor(height, rows);
  const across = columns === rows && width === height ? down : constantFor(width, columns);
  return (cells) =>
    graph.scope('anomalyMap', () => {
      const stretched = matMul(down, reshape(cells, [rows, columns]));
      return reshape(matMul(stretched, transpose(across, [1, 0])), [1, 1, height, width]);
    });
}

/** Size of a map of that many cells, and its scale: the side of a tile in the map over MAP_SIZE. */
export function mapSize(rows: number, columns: number, cellsOfTile: number) {
  let scale = 1;
  const side = (cells: number) => Math.round((MAP_SIZE * scale * cells) / cellsOfTile);
  const isOneTile = rows === cellsOfTile && columns === cellsOfTile;
  while (
    !isOneTile &&
    side(Math.max(rows, columns)) > LONGEST_MAP &&
    side(cellsOfTile) > cellsOfTile
  )
    scale /= 2;
  return { height: side(rows), width: side(columns), scale };
}

/** Image score: the maximum of its map. @returns [1] */
export function imageScore(map: Value): Value {
  return reshape(reduceMax(map), [1]);
}

/** Linear interpolation from `count` cells in a line to pixels; constant beyond the outer centres. */
function interpolation(pixels: number, count: number): Float64Array[] {
  return Array.from({ length: pixels }, (_, pixel) => {
    const place = ((pixel + 0.5) * count) / pixels - 0.5;
    const held = Math.min(count - 1, Math.max(0, place));
    const cell = Math.floor(held);
    const row = new Float64Array(count);
    row[cell] = cell + 1 - held;
    if (held > cell) row[cell + 1] = held - cell;
    return row;
  });
}

/** Each row becomes the mean of those around it, weighted by a Gaussian of their distance. */
function smoothed(lines: Float64Array[], deviation: number): Float64Array[] {
  if (deviation === 0) return lines;
  const radius = Math.ceil(4 * deviation);
  return lines.map((line, pixel) => {
    const sum = new Float64Array(line.length);
    let total = 0;
    for (let at = Math.max(0, pixel - radius); at <= pixel + radius; at++) {
      const near = lines[at];
      if (!near) continue;
      const weight = Math.exp(-((at - pixel) ** 2) / (2 * deviation ** 2));
      total += weight;
      near.forEach((value, cell) => {
        sum[cell] = (sum[cell] as number) + weight * value;
      });
    }
    return sum.map((value) => value / total);
  });
}

function matrix(lines: readonly ArrayLike<number>[]) {
  const columns = lines[0]?.length ?? 0;
  return float32(
    [lines.length, columns],
    lines.flatMap((line) => Array.from(line)),
  );
}
