import {
  add,
  cast,
  clip,
  concat,
  exp,
  float32,
  Graph,
  largest,
  log,
  matMul,
  maximum,
  minimum,
  mul,
  reduceSum,
  reshape,
  sliceAt,
  sub,
  type Tensor,
  transpose,
  type Value,
} from '@bigrid/graph';
import { nearestRow } from './expectation.ts';
import type { MethodOptions } from './options.ts';
import { resizeImage } from './tiles.ts';

/**
 * The light of good images: the mean of each channel in blocks of 8 x 8 over the image, 0 to 255, the median over images, a row
 * per class: [classes, 3 * 64]. Only in models that even out light.
 */
export const LIGHT = 'light.references';

const BLOCKS = 8;
const AREA = BLOCKS ** 2;
/** Range of the gains: what darkens or brightens an image further is not a matter of its lamp. */
const LEAST_GAIN = 0.7;
const MOST_GAIN = 1.4;
const WHITE = 255;
/** Slope of the curve near white, where a gain below 1 would turn it grey. */
const SHOULDER = 3;
/** Levels between which a block shows the gain of a lamp: near black there is nothing to multiply, near white it is clipped. */
const DARKEST = 16;
const BRIGHTEST = 240;
/** Blocks that are needed to tell a gain from their median; with fewer, all blocks count. */
const LEAST_BLOCKS = 8;
/** Beyond every logarithm of a gain. */
const FAR = 100;

/** What {@link LIGHT} is measured with: input `image` uint8 [1, height, width, 3]; output `blocks` float32 [3, 64]. */
export function lightReader(options: MethodOptions): Graph {
  const graph = new Graph('light-reader');
  const image = graph.input('image', 'uint8', [1, 'height', 'width', 3]);
  const sized = resizeImage(image, options);
  graph.output('blocks', blocksOf(cast(transpose(sized, [0, 3, 1, 2]), 'float32')));
  return graph;
}

/**
 * Evens out the light of an image: divides out the gain of each channel with respect to good images, of the class that the
 * image is nearest to. The gain is the median over blocks of the image, so that a defect hardly changes it.
 * @param planes [1, 3, height, width], 0 to 255
 * @param references from {@link LIGHT}
 */
export function evenedOut(planes: Value, references: Tensor<'float32'>): Value {
  const { graph } = planes;
  return graph.scope('light', () => {
    const blocks = reshape(log(maximum(blocksOf(planes), 1)), [1, 3 * AREA]);
    const known = log(maximum(graph.initialiser(LIGHT, references), 1));
    const ofClass = nearestRow(known, blocks);
    const outside = graph.constant(float32(references.shape, outsideOf(references.data)));
    const gains = add(sub(ofClass(known), blocks), ofClass(outside));
    const medians = [0, 1, 2].map((channel) => {
      const own = sliceAt(gains, [1], graph.integers([channel * AREA]), [AREA]);
      const { values } = largest(reshape(own, [AREA]), AREA / 2 + 1);
      const middle = sliceAt(values, [0], graph.integers([AREA / 2 - 1]), [2]);
      return mul(reduceSum(middle, { axes: [0] }), 0.5);
    });
    const gain = clip(exp(concat(medians, 0)), LEAST_GAIN, MOST_GAIN);
    const even = mul(planes, reshape(gain, [1, 3, 1, 1]));
    // A camera clips: what is white may have been white before the lamp got brighter, and stays so.
    const shoulder = sub(WHITE, mul(sub(WHITE, planes), SHOULDER));
    return minimum(maximum(even, shoulder), WHITE);
  });
}

/** Mean of each channel in each block. @param planes [1, 3, height, width] @returns [3, 64] */
function blocksOf(planes: Value): Value {
  const [, , height, width] = planes.shape as [number, number, number, number];
  const { graph } = planes;
  const down = graph.constant(averages(height));
  const across = width === height ? down : graph.constant(averages(width));
  const rows = matMul(down, reshape(planes, [3, height, width]));
  return reshape(matMul(rows, transpose(across, [1, 0])), [3, AREA]);
}

/** Matrix that averages a line of pixels over blocks: [blocks, pixels]. */
function averages(pixels: number): Tensor<'float32'> {
  const side = pixels / BLOCKS;
  const weights = new Float32Array(BLOCKS * pixels);
  for (let block = 0; block < BLOCKS; block++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const overlap = Math.min(pixel + 1, (block + 1) * side) - Math.max(pixel, block * side);
      weights[block * pixels + pixel] = Math.max(0, overlap) / side;
    }
  }
  return float32([BLOCKS, pixels], weights);
}

/**
 * Added to the logarithms of the gains: 0 for a block that shows a gain, otherwise far above and far below in turn, which leaves
 * the median to the others.
 * @param references [classes * 3 * 64]
 */
function outsideOf(references: Float32Array): Float32Array {
  const outside = new Float32Array(references.length);
  for (let from = 0; from < references.length; from += AREA) {
    const own = references.subarray(from, from + AREA);
    const shows = Array.from(own, (level) => level >= DARKEST && level <= BRIGHTEST);
    if (shows.filter(Boolean).length < LEAST_BLOCKS) continue;
    let side = FAR;
    shows.forEach((itShows, block) => {
      if (itShows) return;
      outside[from + block] = side;
      side = -side;
    });
  }
  return outside;
}
