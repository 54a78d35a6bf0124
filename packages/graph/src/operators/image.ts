import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import { type Dimension, formatShape, staticShape } from '../shape.ts';
import { float32 } from '../tensor.ts';
import { transpose } from './layout.ts';
import { matMul } from './linear.ts';

/**
 * Resizes an image to [height, width], linear with half-pixel centres; when shrinking, the kernel widens
 * accordingly (antialiasing), as in Pillow's BILINEAR.
 * @param x [batch, height, width, channels] when `layout` is `nhwc`, [batch, channels, height, width] when `nchw`;
 *   the sizes of the image may be known only at run time
 * @throws GRAPH_SHAPE_MISMATCH
 */
export function resize(
  x: Value,
  size: readonly [height: number, width: number],
  layout: 'nhwc' | 'nchw',
  antialias: boolean,
): Value {
  const name = x.graph.nextName('Resize');
  if (x.shape.length !== 4 || !size.every((length) => Number.isInteger(length) && length > 0)) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected four axes and two sizes for ${name} but received ${formatShape(x.shape)} and ${formatShape(size)}`,
    );
  }
  const axes = layout === 'nhwc' ? [1, 2] : [2, 3];
  const shape = x.shape.map((dimension, axis): Dimension => {
    const at = axes.indexOf(axis);
    return at === -1 ? dimension : (size[at] as number);
  });
  const sizes = x.graph.integers(staticShape(shape, name));
  return x.graph.node(
    'Resize',
    [x, undefined, undefined, sizes],
    {
      mode: 'linear',
      coordinate_transformation_mode: 'half_pixel',
      antialias: antialias ? 1 : 0,
      // A widened kernel that reaches beyond the edge is cut there, as in Pillow; ONNX's default repeats the
      // edge, which differs by several levels of 255 in the outer rows.
      exclude_outside: antialias ? 1 : 0,
    },
    x.type,
    shape,
  );
}

/**
 * Resizes planes of a known size to [height, width] as {@link resize} with `antialias` does, by two matrix products:
 * R x C^T, with the weights of rows in R and those of columns in C. Processors are twice as fast at it as at Resize, and GPUs,
 * whose providers lack Resize with antialias, need not hand the planes to the processor and back.
 * @param x float32 [batch, channels, rows, columns]
 * @returns [batch, channels, height, width]
 * @throws GRAPH_SHAPE_MISMATCH
 */
export function resizePlanes(x: Value, [height, width]: readonly [number, number]): Value {
  const name = x.graph.nextName('MatMul');
  const [rows, columns] = staticShape(x.shape.slice(-2), name) as [number, number];
  const r = float32([height, rows], linearWeights(rows, height));
  const c = float32([width, columns], linearWeights(columns, width));
  const across = transpose(x.graph.constant(c), [1, 0]);
  return matMul(matMul(x.graph.constant(r), x), across);
}

/** Weight of each of `from` cells in each of `to` cells, [to, from]: a triangle around its centre, cut at the edges. */
function linearWeights(from: number, to: number): number[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, at) => {
    const centre = (at + 0.5) * scale - 0.5;
    const weights = Array.from({ length: from }, (_, cell) =>
      Math.max(0, 1 - Math.abs(cell - centre) / Math.max(1, scale)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return weights.map((weight) => weight / sum);
  }).flat();
}

/**
 * Mean over a window of `size` x `size` around each cell, without the padding.
 * @param x [batch, channels, height, width]
 * @param size odd, so that the window has a centre
 * @throws GRAPH_SHAPE_MISMATCH
 */
export function averagePool(x: Value, size: number): Value {
  const around = (size - 1) / 2;
  if (x.shape.length !== 4 || !Number.isInteger(around) || around < 0) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected four axes and an odd window for ${x.graph.nextName('AveragePool')} but received ${formatShape(x.shape)} and [${size}, ${size}]`,
    );
  }
  return x.graph.node(
    'AveragePool',
    [x],
    {
      kernel_shape: [size, size],
      pads: [around, around, around, around],
      strides: [1, 1],
      count_include_pad: 0,
    },
    x.type,
    x.shape,
  );
}

/**
 * Maximum over windows of `size` x `size`, `stride` apart, `padding` cells around the image ignored.
 * @param x [batch, channels, height, width]
 * @param padding less than `size`
 * @returns [batch, channels, height', width']
 * @throws GRAPH_SHAPE_MISMATCH
 */
export function maxPool(x: Value, size: number, stride: number, padding: number): Value {
  const name = x.graph.nextName('MaxPool');
  const space = staticShape(x.shape.slice(2), name).map(
    (length) => Math.floor((length + 2 * padding - size) / stride) + 1,
  );
  const whole = [size, stride, padding + 1].every((n) => Number.isInteger(n) && n > 0);
  if (x.shape.length !== 4 || !whole || padding >= size || !space.every((length) => length > 0)) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected a padded image at least as large as the window for ${name} but received ${formatShape(x.shape)} and window ${size}, stride ${stride}, padding ${padding}`,
    );
  }
  return x.graph.node(
    'MaxPool',
    [x],
    {
      kernel_shape: [size, size],
      pads: [padding, padding, padding, padding],
      strides: [stride, stride],
    },
    x.type,
    [...x.shape.slice(0, 2), ...space],
  );
}
