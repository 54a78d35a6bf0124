import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import { type Dimension, formatShape } from '../shape.ts';
import { tensor } from '../tensor.ts';
import { abs, add, cast, clip, less, mul, relu, stopGradient, sub, where } from './elementwise.ts';
import { reshape, slice, transpose } from './layout.ts';
import { matMul } from './linear.ts';

/**
 * Reads a table at continuous points, bilinearly: what PyTorch's `grid_sample` does with
 * `align_corners=False` and zeros outside the table.
 *
 * Forward: the four rows around each point are gathered and blended. Gradients to the points flow through
 * the blend. The gradient to the table is a product with the matrix of hat functions
 * relu(1 - |x - column|) relu(1 - |y - row|), since ONNX Runtime's scattering adds race between threads
 * (microsoft/onnxruntime#18048), and the same seed must give the same bytes.
 *
 * @param table [resolution^2, channels], row y * resolution + x
 * @param points [count, 2], x and y; -1 is the outer edge of the first cell, 1 that of the last
 * @returns [count, channels]
 */
export function bilinearRead(table: Value, points: Value, resolution: number): Value {
  const { graph } = table;
  const name = graph.nextName('Gather');
  if (
    table.shape.length !== 2 ||
    table.shape[0] !== resolution * resolution ||
    points.shape.length !== 2 ||
    points.shape[1] !== 2
  ) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected a table [${resolution * resolution}, channels] and points [count, 2] for ${name} but received ${formatShape(table.shape)} and ${formatShape(points.shape)}`,
    );
  }
  // In units of cells, 0 at the centre of the first: ((p + 1) resolution - 1) / 2.
  const position = add(mul(points, resolution / 2), (resolution - 1) / 2);
  const x = corners(slice(position, 1, 0, 1), resolution);
  const y = corners(slice(position, 1, 1, 2), resolution);
  // The weights of both axes are multiplied first: products of [count, 1] are cheap compared to [count, channels].
  const parts = [y.low, y.high].flatMap((row) =>
    [x.low, x.high].map((column) =>
      mul(
        gatherRows(table, add(mul(row.index, resolution), column.index)),
        mul(row.weight, column.weight),
      ),
    ),
  );
  return graph.attachGradient(parts.reduce(add), table, (g) =>
    matMul(transpose(hatMatrix(position, resolution), [1, 0]), g),
  );
}

interface Corner {
  /** [count, 1] float32, clamped to the table. */
  readonly index: Value;
  /** [count, 1], zero where the corner lies outside the table. */
  readonly weight: Value;
}

function corners(position: Value, resolution: number): { low: Corner; high: Corner } {
  const { graph } = position;
  const floor = graph.node('Floor', [stopGradient(position)], {}, position.type, position.shape);
  const fraction = sub(position, floor);
  const inside = (index: Value, weight: Value): Corner => ({
    index: clip(index, 0, resolution - 1),
    weight: where(less(abs(sub(index, (resolution - 1) / 2)), resolution / 2), weight, 0),
  });
  return { low: inside(floor, sub(1, fraction)), high: inside(add(floor, 1), fraction) };
}

/** Rows of a table, by float indices [count, 1] that hold whole numbers. */
function gatherRows(table: Value, index: Value): Value {
  const count = index.shape[0] as Dimension;
  const flat = cast(reshape(index, [count]), 'int64');
  return table.graph.node('Gather', [stopGradient(table), flat], { axis: 0 }, table.type, [
    count,
    table.shape[1] as Dimension,
  ]);
}

/** [count, resolution^2]: how much each row of the table weighs in each read. */
function hatMatrix(position: Value, resolution: number): Value {
  const { graph } = position;
  const count = position.shape[0] as number;
  const cells = graph.constant(
    tensor(
      'float32',
      [1, resolution],
      Float32Array.from({ length: resolution }, (_, i) => i),
    ),
  );
  const hat = (axis: number) => relu(sub(1, abs(sub(slice(position, 1, axis, axis + 1), cells))));
  return reshape(
    mul(reshape(hat(1), [count, resolution, 1]), reshape(hat(0), [count, 1, resolution])),
    [count, resolution * resolution],
  );
}
