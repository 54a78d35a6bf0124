import {
  add,
  type Engine,
  float32,
  Graph,
  matMul,
  minimum,
  neg,
  reduceMax,
  reduceSum,
  square,
  sub,
  type Tensor,
  toModel,
  transpose,
} from '@bigrid/graph';

/** Vectors of equal length, one after another. */
export interface Vectors {
  readonly data: Float32Array;
  /** Length of each. */
  readonly width: number;
}

/** Centres that are compared with all points at once, at most; and the same as a share of those chosen before. */
const BATCH = 64;
const BATCH_SHARE = 1 / 4;
/** Points that a batch is chosen from, as a multiple of its size: the furthest ones. */
const CHOICE = 8;
/** Squared distance of a point that is chosen. */
const CHOSEN = -1;

/**
 * Greedy k-centre (Gonzalez 1985; as coreset Sener & Savarese 2018, arXiv 1708.00489): each next point is the one furthest
 * from all chosen ones, so that every point is near one of them, rare ones too. After the first few, points are chosen in
 * batches: each is the one furthest from all chosen ones among the furthest points before the batch.
 * @param given how many of the points are chosen already: the first ones
 * @returns indices of `count` points, or of all if there are fewer; `given` ones first, then in the order chosen
 * @throws ENGINE_FAILED
 */
export async function kCentre(
  engine: Engine,
  vectors: Vectors,
  count: number,
  given = 0,
): Promise<number[]> {
  const { data, width } = vectors;
  const points = data.length / width;
  const most = Math.min(count, points);
  const centres: number[] = [];
  const session = await engine.load(toModel(distanceUpdate(vectors)));
  let squared = new Float32Array(points).fill(Number.MAX_VALUE);
  try {
    while (centres.length < most) {
      const size = Math.min(batchAfter(centres.length, given), most - centres.length);
      const batch =
        centres.length < Math.max(1, given)
          ? Array.from({ length: size }, (_, at) => centres.length + at)
          : nextBatch(vectors, squared, size);
      centres.push(...batch);
      const rows = new Float32Array(BATCH * width);
      for (let row = 0; row < BATCH; row++) {
        const centre = batch[Math.min(row, batch.length - 1)] as number;
        rows.set(data.subarray(centre * width, (centre + 1) * width), row * width);
      }
      const { next } = await session.run({
        centres: float32([BATCH, width], rows),
        squared: float32([points, 1], squared),
      });
      squared = new Float32Array((next as Tensor<'float32'>).data);
      for (const centre of batch) squared[centre] = CHOSEN;
    }
  } finally {
    await session.dispose();
  }
  return centres;
}

function batchAfter(chosen: number, given: number): number {
  if (chosen < given) return Math.min(BATCH, given - chosen);
  return Math.min(BATCH, Math.max(1, Math.floor(BATCH_SHARE * chosen)));
}

/** The squared distance of every point to the nearest centre: inputs `centres` and `squared`, output `next`. */
function distanceUpdate({ data, width }: Vectors): Graph {
  const graph = new Graph('k-centre');
  const count = data.length / width;
  const points = graph.initialiser('points', float32([count, width], data));
  const centres = graph.input('centres', 'float32', [BATCH, width]);
  const squared = graph.input('squared', 'float32', [count, 1]);
  const lengths = transpose(reduceSum(square(centres), { axes: [1] }), [1, 0]);
  const products = matMul(points, transpose(add(centres, centres), [1, 0]));
  const nearest = neg(reduceMax(sub(products, lengths), { axes: [1] }));
  const own = reduceSum(square(points), { axes: [1] });
  graph.output('next', minimum(squared, add(own, nearest)));
  return graph;
}

/** The next centres, chosen one by one among the furthest points. */
function nextBatch({ data, width }: Vectors, squared: Float32Array, size: number): number[] {
  const choice = furthest(squared, size === 1 ? 1 : CHOICE * size);
  const left = choice.map((point) => squared[point] as number);
  const batch: number[] = [];
  while (batch.length < size) {
    const at = left.indexOf(Math.max(...left));
    const centre = choice[at] as number;
    batch.push(centre);
    choice.forEach((point, other) => {
      let distance = 0;
      for (let i = 0; i < width; i++) {
        distance +=
          ((data[point * width + i] as number) - (data[centre * width + i] as number)) ** 2;
      }
      left[other] = Math.min(left[other] as number, distance);
    });
    left[at] = CHOSEN;
  }
  return batch;
}

/** Indices of the largest values, ascending: `count`, or more if some are equal. */
function furthest(values: Float32Array, count: number): number[] {
  if (count === 1) {
    let at = 0;
    for (let i = 1; i < values.length; i++) {
      if ((values[i] as number) > (values[at] as number)) at = i;
    }
    return [at];
  }
  const limit = values.toSorted()[Math.max(0, values.length - count)] as number;
  const found: number[] = [];
  values.forEach((value, at) => {
    if (value >= limit) found.push(at);
  });
  return found;
}
