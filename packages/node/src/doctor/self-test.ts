import {
  bilinearRead,
  cast,
  convolution,
  type Engine,
  float32,
  Graph,
  reshape,
  resize,
  type Tensor,
  toModel,
  zeros,
} from '@bigrid/graph';

/** The result of testing one operation of the engine. */
export interface SelfTestResult {
  readonly operation: string;
  /** The largest difference from the expected values. */
  readonly off: number;
  readonly passed: boolean;
}

/** Above any rounding error in single precision. */
const TOLERANCE = 1e-4;

/**
 * Expected outputs of the model's operations, small enough to compute by hand. The image is
 *
 *      0  1  2  3
 *      4  5  6  7
 *      8  9 10 11
 *     12 13 14 15
 */
const expected: Readonly<Record<string, readonly number[]>> = {
  // Sums over 3 x 3, zero padding.
  convolution: [10, 18, 24, 18, 27, 45, 54, 39, 51, 81, 90, 63, 42, 66, 72, 50],
  // Rows and columns 0, 1, 2 have weights 3/7, 3/7, 1/7, and 1, 2, 3 have 1/7, 3/7, 3/7: positions 5/7 and 16/7.
  'antialiased resize': [25 / 7, 36 / 7, 69 / 7, 80 / 7],
  // At the centre of 5, and at the centre of 5, 6, 9 and 10.
  'table read': [5, 7.5],
  // 1/3 rounded to the 11 bits of half precision.
  'half precision': [0.333251953125, 2048, -0.0999755859375],
};

/** Runs each operation on the engine and compares the output with the expected values. @throws ENGINE_FAILED */
export async function selfTest(engine: Engine): Promise<SelfTestResult[]> {
  const outputs = await run(engine);
  return Object.entries(expected).map(([operation, values]) => {
    const { data } = outputs[operation] as Tensor<'float32'>;
    const off = values.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - (data[index] ?? Number.NaN))),
      data.length === values.length ? 0 : Number.POSITIVE_INFINITY,
    );
    return { operation, off, passed: off <= TOLERANCE };
  });
}

async function run(engine: Engine) {
  const graph = new Graph('self-test');
  const image = graph.input('image', 'float32', [1, 1, 4, 4]);
  const points = graph.input('points', 'float32', [2, 2]);
  const numbers = graph.input('numbers', 'float32', [3]);
  const ones = graph.constant(float32([1, 1, 3, 3], zeros('float32', [9]).data.fill(1)));
  graph.output('convolution', convolution(image, ones, undefined, { padding: 1 }));
  graph.output('antialiased resize', resize(image, [2, 2], 'nchw', true));
  graph.output('table read', bilinearRead(reshape(image, [16, 1]), points, 4));
  graph.output('half precision', cast(cast(numbers, 'float16'), 'float32'));
  const session = await engine.load(toModel(graph));
  try {
    return await session.run({
      image: float32([1, 1, 4, 4], [...Array(16).keys()]),
      points: float32([2, 2], [-0.25, -0.25, 0, 0]),
      numbers: float32([3], [1 / 3, 2048.4, -0.1]),
    });
  } finally {
    await session.dispose();
  }
}
