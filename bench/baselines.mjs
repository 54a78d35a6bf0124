// Baselines on the same features: nearest-neighbour banks and a Gaussian per cell, as graphs with the outputs of a model
// file, so that the same code inspects and evaluates them.

import {
  add,
  float16ToFloat32,
  float32,
  Graph,
  matMul,
  maximum,
  mul,
  neg,
  reduceMax,
  reduceSum,
  reshape,
  sqrt,
  square,
  sub,
  toModel,
  transpose,
} from '@bigrid/graph';
import { Random } from '@bigrid/method';
import {
  channelWeights,
  imageScore,
  MAP_SIZE,
  mapMaker,
} from '../packages/method/dist/anomaly-map.js';
import { features } from '../packages/method/dist/features.js';
import { standardise } from '../packages/method/dist/training-step.js';

/**
 * A bank of feature cells (PatchCore's idea): the anomaly of a cell is its distance to the nearest one.
 * Every tap is weighted by one over the deviation of its channels, summed as variances.
 * @param extracted features of the training images, from `extractFeatures`
 * @param size number of cells in the bank
 * @param choice `random`, or `coreset`: each next cell is the one furthest from those chosen, among 20 times as many
 *   random ones at the most (Sener & Savarese 2018, on a sample to bound its time)
 */
export async function bankModel(backbone, options, extracted, size, choice, seed) {
  // The weight of a raw feature, so that standardised ones weigh as much as in the anomaly map.
  const { deviation } = extracted.statistics;
  const weights = channelWeights(deviation, extracted).map(
    (weight, channel) => Math.sqrt(weight) / deviation[channel],
  );
  const random = new Random(seed).fork('bank');
  const candidates = choice === 'random' ? size : Math.min(20_000, 20 * size);
  const cells = await sampleCells(extracted, candidates, weights, random);
  const channels = weights.length;
  const bank = choice === 'random' ? cells : coreset(cells, channels, size, random);
  const count = bank.length / channels;

  const graph = new Graph(`bank-${choice}`);
  const image = graph.input('image', 'uint8', [1, 'height', 'width', 3]);
  const { value } = features(graph, image, backbone, options);
  const area = options.cells ** 2;
  const rows = transpose(
    reshape(mul(value, graph.constant(float32([1, channels, 1, 1], weights))), [channels, area]),
    [1, 0],
  );
  const squares = new Float32Array(count);
  for (let i = 0; i < bank.length; i++) squares[Math.floor(i / channels)] += bank[i] ** 2;
  const products = matMul(
    rows,
    transpose(graph.initialiser('bank', float32([count, channels], bank)), [1, 0]),
  );
  const toBank = add(mul(products, -2), graph.constant(float32([1, count], squares)));
  const nearest = neg(reduceMax(neg(toBank), { axes: [1] }));
  const distance = sqrt(maximum(add(nearest, reduceSum(square(rows), { axes: [1] })), 0));
  return modelOf(graph, distance, options);
}

function modelOf(graph, distance, { cells, smoothing }) {
  const toMap = mapMaker(graph, [cells, cells], smoothing, cells);
  const map = toMap(reshape(distance, [1, 1, cells, cells]));
  graph.output('anomaly_map', reshape(map, [1, MAP_SIZE, MAP_SIZE]));
  graph.output('score', imageScore(map));
  return toModel(graph);
}

/** Random cells of random images, [count, channels]. */
async function sampleCells({ scratch, count: images, shape }, count, weights, random) {
  const [channels, side] = shape;
  const area = side * side;
  const cells = new Float32Array(count * channels);
  const block = new Uint16Array(channels * area);
  const each = Math.ceil(count / images);
  let filled = 0;
  for (const image of random.permutation(images)) {
    await scratch.read(image, new Uint8Array(block.buffer));
    const values = float16ToFloat32(block);
    for (const cell of random.permutation(area).slice(0, Math.min(each, count - filled))) {
      for (let c = 0; c < channels; c++)
        cells[filled * channels + c] = values[c * area + cell] * weights[c];
      filled++;
    }
  }
  return cells.subarray(0, filled * channels);
}

function coreset(cells, channels, size, random) {
  const count = cells.length / channels;
  const chosen = new Float32Array(size * channels);
  const distance = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let next = random.integer(0, count - 1);
  for (let picked = 0; picked < size; picked++) {
    const from = next * channels;
    chosen.set(cells.subarray(from, from + channels), picked * channels);
    let furthest = -1;
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += (cells[i * channels + c] - cells[from + c]) ** 2;
      if (sum < distance[i]) distance[i] = sum;
      if (distance[i] > furthest) {
        furthest = distance[i];
        next = i;
      }
    }
  }
  return chosen;
}

/** As published: 100 random channels, and 0.01 added to each variance. */
const gaussianChannels = 100;
const ridge = 0.01;

/**
 * PaDiM's idea (Defard et al. 2021): a Gaussian per place of the image, over random channels of its features,
 * standardised; the anomaly of a cell is its Mahalanobis distance.
 * @param extracted features of the training images, from `extractFeatures`
 */
export async function gaussianModel(backbone, options, extracted, seed) {
  const [channels, side] = extracted.shape;
  const area = side * side;
  const size = Math.min(channels, gaussianChannels);
  const chosen = new Random(seed).fork('channels').permutation(channels).slice(0, size);
  const { mean, whitening } = await gaussians(extracted, chosen);

  const graph = new Graph('gaussian');
  const image = graph.input('image', 'uint8', [1, 'height', 'width', 3]);
  const { value } = features(graph, image, backbone, options);
  const rows = transpose(
    reshape(standardise(value, extracted.statistics), [channels, area]),
    [1, 0],
  );
  const choice = new Float32Array(channels * size);
  chosen.forEach((channel, i) => {
    choice[channel * size + i] = 1;
  });
  const picked = matMul(rows, graph.constant(float32([channels, size], choice)));
  const centred = sub(picked, graph.initialiser('mean', float32([area, size], mean)));
  const white = matMul(
    graph.initialiser('whitening', float32([area, size, size], whitening)),
    reshape(centred, [area, size, 1]),
  );
  return modelOf(graph, sqrt(reduceSum(square(white), { axes: [1, 2] })), options);
}

/** Mean [area, size] and the inverse Cholesky factor [area, size, size] of the covariance of each place. */
async function gaussians({ scratch, count, shape, statistics }, chosen) {
  const [channels, side] = shape;
  const area = side * side;
  const size = chosen.length;
  const mean = new Float64Array(area * size);
  const products = new Float64Array(area * size * size);
  const block = new Uint16Array(channels * area);
  const row = new Float64Array(size);
  for (let image = 0; image < count; image++) {
    await scratch.read(image, new Uint8Array(block.buffer));
    const values = float16ToFloat32(block);
    for (let cell = 0; cell < area; cell++) {
      for (let i = 0; i < size; i++) {
        const c = chosen[i];
        row[i] = (values[c * area + cell] - statistics.mean[c]) / statistics.deviation[c];
        mean[cell * size + i] += row[i] / count;
      }
      for (let i = 0; i < size; i++) {
        const at = (cell * size + i) * size;
        for (let j = 0; j <= i; j++) products[at + j] += row[i] * row[j];
      }
    }
  }
  const whitening = new Float32Array(area * size * size);
  for (let cell = 0; cell < area; cell++) {
    const own = mean.subarray(cell * size, (cell + 1) * size);
    const covariance = products.subarray(cell * size * size, (cell + 1) * size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        const at = i * size + j;
        covariance[at] = (covariance[at] - count * own[i] * own[j]) / (count - 1);
        if (i === j) covariance[at] += ridge;
      }
    }
    whitening.set(inverseCholesky(covariance, size), cell * size * size);
  }
  return { mean: Float32Array.from(mean), whitening };
}

/** The inverse of L, where the symmetric matrix, given by its lower half, is L times its transpose. */
function inverseCholesky(matrix, size) {
  const factor = Float64Array.from(matrix);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = factor[i * size + j];
      for (let k = 0; k < j; k++) sum -= factor[i * size + k] * factor[j * size + k];
      factor[i * size + j] = i === j ? Math.sqrt(sum) : sum / factor[j * size + j];
    }
  }
  const inverse = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    for (let i = column; i < size; i++) {
      let sum = i === column ? 1 : 0;
      for (let k = column; k < i; k++) sum -= factor[i * size + k] * inverse[k * size + column];
      inverse[i * size + column] = sum / factor[i * size + i];
    }
  }
  return inverse;
}
