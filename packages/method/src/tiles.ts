import {
  float32,
  mapItems,
  matMul,
  reshape,
  resize,
  sliceAt,
  tensor,
  transpose,
  type Value,
} from '@bigrid/graph';
import type { MethodOptions } from './options.ts';

/**
 * Large images are processed in overlapping tiles. The image is resized so that its tiles are `inputSize` wide and
 * share a quarter of their cells with each neighbour. Each tile is processed like an image up to the errors of its
 * cells; these are blended into one field of cells, and the rest is as for an undivided image. One tile is equivalent
 * to an undivided image.
 */

/** Share of a tile that its neighbour covers too: a defect on the edge of one is well inside the other. */
const OVERLAP = 1 / 4;

/** Number of tiles along a side of `length` pixels, none longer than `tile` pixels. */
export function tilesAlong(length: number, tile: number): number {
  return Math.max(1, Math.ceil((length / tile - OVERLAP) / (1 - OVERLAP)));
}

/** Cells along one side of an image of `count` tiles, and how tiles divide them. */
function cellsAlong(count: number, { cells }: MethodOptions) {
  const overlap = Math.round(OVERLAP * cells);
  const step = cells - overlap;
  return { overlap, step, whole: overlap + count * step };
}

/** Cells of a whole image: [rows, columns]. */
export function imageCells(options: MethodOptions): [rows: number, columns: number] {
  const { rows, columns } = options.tiles ?? { rows: 1, columns: 1 };
  return [cellsAlong(rows, options).whole, cellsAlong(columns, options).whole];
}

/** The image at the method's input size, antialiased: uint8 [1, height, width, 3]. */
export function resizeImage(image: Value, options: MethodOptions): Value {
  const [rows, columns] = imageCells(options);
  const side = pixelsPerCell(options);
  return resize(image, [rows * side, columns * side], 'nhwc', true);
}

/** The origin of each tile in the resized image, row by row: [y, x] in pixels. */
export function tileOrigins(options: MethodOptions): (readonly [y: number, x: number])[] {
  const { rows, columns } = options.tiles ?? { rows: 1, columns: 1 };
  const step = cellsAlong(1, options).step * pixelsPerCell(options);
  return Array.from({ length: rows * columns }, (_, tile) => [
    step * Math.floor(tile / columns),
    step * (tile % columns),
  ]);
}

/** Origins as input of a graph: int64 [tiles, 2]. */
export function originsTensor(origins: readonly (readonly [y: number, x: number])[]) {
  return tensor('int64', [origins.length, 2], BigInt64Array.from(origins.flat(), BigInt));
}

/**
 * Runs `look` on every tile of an image.
 * @param image [1, height, width, 3] uint8 RGB of any size
 * @param origins int64 [tiles, 2]: {@link originsTensor}
 * @param look from a tile [1, inputSize, inputSize, 3] uint8 to values of static shapes
 * @returns each value of `look` with a leading axis [tiles]
 */
export function overTiles(
  image: Value,
  origins: Value,
  options: MethodOptions,
  look: (tile: Value) => readonly [Value, ...Value[]],
): readonly Value[] {
  const { inputSize } = options;
  const { graph } = image;
  return graph.scope('tiles', () => {
    const resized = resizeImage(image, options);
    return mapItems(origins, (origin) =>
      look(sliceAt(resized, [1, 2], origin, [inputSize, inputSize])),
    );
  });
}

/**
 * Blends the fields of cells of all tiles into one of the whole image: where two tiles overlap, the weight of each falls
 * towards its edge, so that no seam shows.
 * @param fields [rows * columns, 1, 1, cells, cells] each
 * @returns [1, 1, height, width] in cells, each
 */
export function blend(fields: readonly Value[], options: MethodOptions): Value[] {
  const { cells, tiles = { rows: 1, columns: 1 } } = options;
  const { rows, columns } = tiles;
  const { graph } = fields[0] as Value;
  const [height, width] = imageCells(options);
  return graph.scope('blend', () => {
    const down = graph.constant(float32([height, rows * cells], shares(rows, options)));
    const across =
      rows === columns
        ? down
        : graph.constant(float32([width, columns * cells], shares(columns, options)));
    return fields.map((field) => {
      const grid = transpose(reshape(field, [rows, columns, cells, cells]), [0, 2, 1, 3]);
      const sideBySide = reshape(grid, [rows * cells, columns * cells]);
      const blended = matMul(matMul(down, sideBySide), transpose(across, [1, 0]));
      return reshape(blended, [1, 1, height, width]);
    });
  });
}

/** The weight of each cell of `count` tiles in a line in each cell of the image: [whole, count * cells], rows sum to 1. */
function shares(count: number, options: MethodOptions): Float32Array {
  const { cells } = options;
  const { overlap, step, whole } = cellsAlong(count, options);
  const weight = (cell: number) =>
    Math.min(1, (cell + 0.5) / overlap, (cells - cell - 0.5) / overlap);
  const totals = new Float32Array(whole);
  const eachCell = (add: (tile: number, cell: number, to: number) => void) => {
    for (let tile = 0; tile < count; tile++) {
      for (let cell = 0; cell < cells; cell++) add(tile, cell, tile * step + cell);
    }
  };
  eachCell((_, cell, to) => {
    totals[to] = (totals[to] as number) + weight(cell);
  });
  const matrix = new Float32Array(whole * count * cells);
  eachCell((tile, cell, to) => {
    matrix[to * count * cells + tile * cells + cell] = weight(cell) / (totals[to] as number);
  });
  return matrix;
}

function pixelsPerCell({ inputSize, cells }: MethodOptions): number {
  return inputSize / cells;
}
