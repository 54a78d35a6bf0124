import { add, cast, matMul, mul, reshape, sub, type Value } from '@bigrid/graph';
import type { Random } from './random.ts';

/**
 * The shape of one pasted block: a random walk from the centre of a (2B + 1)^2 mask, N in [B, 2B] steps of
 * {-1, 0, 1}^2, visited cells 1, then blurred 3x3. Feature Block Paste, GRAD section "FBP".
 * @param reach B: how far the walk may go from its centre, in cells
 * @returns (2B + 1)^2 numbers in [0, 1]
 */
export function walkMask(random: Random, reach: number): Float32Array {
  const side = 2 * reach + 1;
  const visited = new Float32Array(side * side);
  let [x, y] = [reach, reach];
  visited[y * side + x] = 1;
  const steps = random.integer(reach, 2 * reach);
  for (let step = 0; step < steps; step++) {
    x = Math.min(side - 1, Math.max(0, x + random.integer(-1, 1)));
    y = Math.min(side - 1, Math.max(0, y + random.integer(-1, 1)));
    visited[y * side + x] = 1;
  }
  return boxBlur(visited, side);
}

/**
 * Places a block at a random centre P of a feature map, clipped at its edges.
 * @param mostReach B is drawn from 1 to this number of cells
 * @returns cells * cells numbers in [0, 1]: how much of the intensity each cell gets
 */
export function pasteMask(random: Random, cells: number, mostReach: number): Float32Array {
  const reach = random.integer(1, mostReach);
  const block = walkMask(random, reach);
  const side = 2 * reach + 1;
  const [left, top] = [random.integer(0, cells - 1) - reach, random.integer(0, cells - 1) - reach];
  const mask = new Float32Array(cells * cells);
  for (let y = Math.max(0, -top); y < side && top + y < cells; y++) {
    for (let x = Math.max(0, -left); x < side && left + x < cells; x++) {
      mask[(top + y) * cells + left + x] = block[y * side + x] as number;
    }
  }
  return mask;
}

/** Mean over 3x3, zeros outside. */
function boxBlur(values: Float32Array, side: number): Float32Array {
  return values.map((_, index) => {
    const [cx, cy] = [index % side, Math.floor(index / side)];
    let sum = 0;
    for (let y = Math.max(0, cy - 1); y <= Math.min(side - 1, cy + 1); y++) {
      for (let x = Math.max(0, cx - 1); x <= Math.min(side - 1, cx + 1); x++) {
        sum += values[y * side + x] as number;
      }
    }
    return sum / 9;
  });
}

/** Share of an image's cells that an ellipse covers, before clipping. */
const ELLIPSE_SHARE = [0.01, 0.7] as const;

/**
 * The cells to swap: half of the time a walk of Feature Block Paste, half of the time an ellipse. Walks cover hardly 2 % of an
 * image, which teaches a grid to reproduce larger defects; ellipses alone teach it to distrust its input.
 * @param mostReach of a walk, as in {@link pasteMask}
 * @returns cells * cells numbers, 0 or 1
 */
export function swapMask(random: Random, cells: number, mostReach: number): Float32Array {
  if (random.uniform() < 0.5) return ellipseMask(random, cells);
  // A ninth is one visited neighbour: the rim that the blur adds.
  return pasteMask(random, cells, mostReach).map((value) => (value > 1.5 / 9 ? 1 : 0));
}

/** An ellipse of random orientation and centre, clipped at the edges of the image. */
function ellipseMask(random: Random, cells: number): Float32Array {
  const area = random.uniform(...ELLIPSE_SHARE) * cells ** 2;
  const aspect = Math.exp(random.uniform(-1, 1));
  const [long, short] = [Math.sqrt((area * aspect) / Math.PI), Math.sqrt(area / aspect / Math.PI)];
  const turn = random.uniform(0, Math.PI);
  const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
  const [centreX, centreY] = [random.uniform(0, cells), random.uniform(0, cells)];
  return Float32Array.from({ length: cells ** 2 }, (_, cell) => {
    const x = (cell % cells) + 0.5 - centreX;
    const y = Math.floor(cell / cells) + 0.5 - centreY;
    const along = (x * cosine + y * sine) / long;
    const across = (y * cosine - x * sine) / short;
    return along ** 2 + across ** 2 < 1 ? 1 : 0;
  });
}

/**
 * A synthetic defect made of real features: where the mask is 1, features from elsewhere times a factor. Blocks of a
 * constant in a random direction are far from anything a network produces, and easy to undo.
 * @param features [batch, channels, height, width], standardised; so are `donors`
 * @param mask [batch, 1, height, width], 0 or 1
 * @param factor [batch, 1, 1, 1]
 */
export function featureBlockSwap(
  features: Value,
  donors: Value,
  mask: Value,
  factor: Value,
): Value {
  return add(features, mul(mask, sub(mul(donors, factor), features)));
}

/**
 * Features of other images, rows and columns of the batch; no gradient flows through it. Columns are selected by a
 * product with a matrix of zeros and ones: exact, and ten times as fast as gathering single elements.
 * @param features [batch, channels, height, width]
 * @param images int64 [batch]: source image of each image
 * @param rows int64 [height]: source row of each row
 * @param columns int64 [width]: source column of each column
 */
export function rearrange(features: Value, images: Value, rows: Value, columns: Value): Value {
  const { graph } = features;
  const width = features.shape[3] as number;
  const take = (x: Value, indices: Value, axis: number) =>
    graph.node('Gather', [x, indices], { axis }, x.type, x.shape);
  const numbers = Array.from({ length: width }, (_, column) => column);
  const all = reshape(graph.integers(numbers), [width, 1]);
  const chosen = graph.node('Equal', [all, columns], {}, 'bool', [width, width]);
  return matMul(take(take(features, images, 0), rows, 2), cast(chosen, features.type));
}

/**
 * feature + mask * intensity: a synthetic defect.
 * @param features [batch, channels, height, width], standardised
 * @param mask [batch, 1, height, width] in [0, 1]
 * @param intensity [batch, channels, 1, 1], or [batch, channels, height, width] where it differs from cell to cell
 */
export function featureBlockPaste(features: Value, mask: Value, intensity: Value): Value {
  return add(features, mul(mask, intensity));
}
