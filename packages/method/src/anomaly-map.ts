import {
  float32,
  mul,
  reduceMax,
  reduceSum,
  reshape,
  resize,
  sqrt,
  square,
  sub,
  type Value,
} from '@bigrid/graph';

/** Side of the map of an undivided picture, in pixels: the resolution at which published figures are evaluated. */
export const MAP_SIZE = 256;
/** Longest side of the map of a picture in tiles, in pixels, unless it has more cells: test sets keep every map. */
const LONGEST_MAP = 512;

/**
 * How much each channel's squared error counts: the channel's variance, which undoes the standardisation, over
 * the summed variance of its tap, so that every tap counts the same.
 * @param deviations [channels]
 */
export function channelWeights(
  deviations: Float32Array,
  tapChannels: readonly number[],
): Float32Array {
  const weights = new Float32Array(deviations.length);
  let start = 0;
  for (const channels of tapChannels) {
    const variances = deviations
      .subarray(start, start + channels)
      .map((deviation) => deviation ** 2);
    const total = variances.reduce((sum, variance) => sum + variance, 0);
    variances.forEach((variance, channel) => {
      weights[start + channel] = variance / total;
    });
    start += channels;
  }
  return weights;
}

/**
 * What each channel's squared error counts in the loss: between none of {@link channelWeights} and all of them lies
 * their square root, less for channels that hardly show in the map and not only those that do. 1 on average.
 * @param deviations [channels]
 */
export function lossWeights(
  deviations: Float32Array,
  tapChannels: readonly number[],
): Float32Array {
  const roots = channelWeights(deviations, tapChannels).map(Math.sqrt);
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
  const { graph } = features;
  return graph.scope('anomalyMap', () => {
    const perChannel = graph.constant(float32([1, weights.length, 1, 1], weights));
    const squares = mul(square(sub(features, reconstruction)), perChannel);
    return sqrt(reduceSum(squares, { axes: [1] }));
  });
}

/**
 * From one value a cell to a map, smoothed.
 * @param cells [1, 1, rows, columns]
 * @param smoothing deviation of the Gaussian, in pixels of which MAP_SIZE are one side of a tile; 0 leaves it out
 * @param cellsOfTile cells along one side of what is looked at as a whole
 * @returns [1, 1, height, width]: {@link mapSize}
 */
export function smoothedMap(cells: Value, smoothing: number, cellsOfTile: number): Value {
  const [rows, columns] = cells.shape.slice(2) as [number, number];
  const { height, width, scale } = mapSize(rows, columns, cellsOfTile);
  return cells.graph.scope('anomalyMap', () => {
    const map = resize(cells, [height, width], 'nchw', false);
    return smoothing > 0 ? gaussianBlur(map, smoothing * scale) : map;
  });
}

/** Size of a map of so many cells, and its scale: 1 where a tile is MAP_SIZE wide, half of it where it is half as wide. */
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

/** Separable Gaussian, cut off at four deviations, normalised inside the picture by the same blur of ones. */
function gaussianBlur(map: Value, deviation: number): Value {
  const { graph } = map;
  const [height, width] = map.shape.slice(2) as [number, number];
  const radius = Math.ceil(4 * deviation);
  const taps = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * deviation ** 2)),
  );
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  // Near an edge the kernel's part outside the picture is shared out over the part inside.
  const edge = (length: number) =>
    Array.from({ length }, (_, at) => {
      let inside = 0;
      taps.forEach((tap, i) => {
        const position = at + i - radius;
        if (position >= 0 && position < length) inside += tap;
      });
      return total / inside;
    });
  const kernel = taps.map((tap) => tap / total);
  const vertical = convolveAlong(map, kernel, [2 * radius + 1, 1], radius);
  const both = convolveAlong(vertical, kernel, [1, 2 * radius + 1], radius);
  return mul(
    mul(both, graph.constant(float32([1, 1, height, 1], edge(height)))),
    graph.constant(float32([1, 1, 1, width], edge(width))),
  );
}

function convolveAlong(
  map: Value,
  kernel: readonly number[],
  size: readonly [number, number],
  radius: number,
): Value {
  const weight = map.graph.constant(float32([1, 1, ...size], kernel));
  const pads = size[0] > 1 ? [radius, 0, radius, 0] : [0, radius, 0, radius];
  return map.graph.node(
    'Conv',
    [map, weight],
    { pads, strides: [1, 1], dilations: [1, 1], group: 1 },
    map.type,
    map.shape,
  );
}
