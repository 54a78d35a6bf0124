import {
  cast,
  type Engine,
  Graph,
  matMul,
  type Tensor,
  tensor,
  toModel,
  transpose,
  zeros,
} from '@bigrid/graph';

/** Components per kind: docs/lab-notes/2026-11-25-directions-of-variation.md compares fewer and more. */
const MOST_COMPONENTS = 16;
/** Components of all kinds together, so that a bundle of many kinds is no larger than one of four. */
const MOST_OF_ALL = 64;
/** Minimum number of images per component: with fewer, components fit noise. */
const IMAGES_EACH = 4;
/** Minimum number of images of a kind: with fewer, the expectation per place works better without components. */
const LEAST_IMAGES = 16;
/** Minimum energy of a component as a share of the total: less is rounding. */
const LEAST_ENERGY = 1e-7;

const componentsOf = (images: number) =>
  images < LEAST_IMAGES ? 0 : Math.floor(images / IMAGES_EACH);

/**
 * Maximum number of components per kind.
 * @param images maximum number of images measured per kind
 * @param known number that each kind already has: a kind without images in an update keeps its own
 */
export function componentsEach(images: number, kinds: number, known = 0): number {
  const fair = Math.floor(MOST_OF_ALL / kinds);
  return Math.min(MOST_COMPONENTS, fair, Math.max(known, componentsOf(images)));
}

/** Directions in which images of a kind vary as a whole: [count, width] each, rows of norm 1 or, if there are fewer, 0. */
export interface Variation {
  /** For new images. */
  readonly ofAll: Tensor<'float32'>;
  /** For a measured image, by its index: from the half without it, because its own components would remove too much. */
  readonly without: (image: number) => Tensor<'float32'>;
}

/**
 * The principal components, not centred, of the reconstruction error of each image.
 * @param left [images, width]
 * @param count number of rows
 * @throws ENGINE_FAILED
 */
export async function variationOf(
  engine: Engine,
  left: Tensor<'float16'>,
  count: number,
): Promise<Variation> {
  const [images, width] = left.shape as [number, number];
  const own = Math.min(count, componentsOf(images));
  if (own === 0) return keptVariation(zeros('float32', [count, width]));
  const products = await run(engine, productsOf(images, width), { rows: left });
  const all = Array.from({ length: images }, (_, at) => at);
  const of = async (members: readonly number[]) => {
    const shares = tensor(
      'float32',
      [count, images],
      await sharesOf(products, members, own, count),
    );
    return run(engine, mixOf(count, images, width), { rows: left, shares });
  };
  const halves = [
    await of(all.filter((at) => at % 2 === 1)),
    await of(all.filter((at) => at % 2 === 0)),
  ];
  return {
    ofAll: await of(all),
    without: (image) => halves[image % 2] as Tensor<'float32'>,
  };
}

/** What is known of images already, from others of them. */
export function keptVariation(ofAll: Tensor<'float32'>): Variation {
  return { ofAll, without: () => ofAll };
}

/** The dot products of all pairs of rows: input `rows` float16 [images, width]; output float32 [images, images]. */
function productsOf(images: number, width: number): Graph {
  const graph = new Graph('products');
  const rows = cast(graph.input('rows', 'float16', [images, width]), 'float32');
  graph.output('result', matMul(rows, transpose(rows, [1, 0])));
  return graph;
}

/** Sums of rows: inputs `rows` float16 [images, width] and `shares` float32 [count, images]; output [count, width]. */
function mixOf(count: number, images: number, width: number): Graph {
  const graph = new Graph('mix');
  const rows = cast(graph.input('rows', 'float16', [images, width]), 'float32');
  graph.output('result', matMul(graph.input('shares', 'float32', [count, images]), rows));
  return graph;
}

async function run(
  engine: Engine,
  graph: Graph,
  inputs: Record<string, Tensor>,
): Promise<Tensor<'float32'>> {
  const session = await engine.load(toModel(graph));
  try {
    const { result } = await session.run(inputs);
    return result as Tensor<'float32'>;
  } finally {
    await session.dispose();
  }
}

/**
 * Share of each image in each component: with rows X of the members, an eigenvector u of X X^T and its value l make
 * the component X^T u / sqrt(l), of norm 1.
 * @param products [images, images]
 * @returns [count, images]
 */
async function sharesOf(
  { data, shape }: Tensor<'float32'>,
  members: readonly number[],
  own: number,
  count: number,
): Promise<Float32Array> {
  // Only training needs it: other commands should not wait for it to load.
  const { EigenvalueDecomposition, Matrix } = await import('ml-matrix');
  const [images] = shape as [number];
  const of = (a: number) => members.map((b) => data[a * images + b] as number);
  const found = new EigenvalueDecomposition(new Matrix(members.map(of)), { assumeSymmetric: true });
  const energies = found.realEigenvalues;
  const all = energies.reduce((sum, energy) => sum + energy, 0);
  const energyOf = (at: number) => energies[at] as number;
  const largest = energies.map((_, at) => at).sort((a, b) => energyOf(b) - energyOf(a));
  const shares = new Float32Array(count * images);
  for (const [row, at] of largest.slice(0, own).entries()) {
    const energy = energyOf(at);
    if (energy <= LEAST_ENERGY * all) break;
    members.forEach((image, member) => {
      shares[row * images + image] = found.eigenvectorMatrix.get(member, at) / Math.sqrt(energy);
    });
  }
  return shares;
}
