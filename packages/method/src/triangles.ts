import { fail } from '@bigrid/errors';
import { concat, float32, mul, slice, type Tensor, transpose, type Value } from '@bigrid/graph';

/**
 * Lower triangular matrices, stored in pairs because half of each is zeros: the first one in the lower left triangle of
 * [width, width + 1], the second one, transposed, in the upper right triangle.
 */
export const packedShape = (count: number, width: number) =>
  [Math.ceil(count / 2), width, width + 1] as const;

/** @param matrices lower triangular, [count, width, width]. @returns {@link packedShape} */
export function packTriangles<Numbers extends Float32Array | Int8Array>(
  matrices: Numbers,
  width: number,
): Numbers {
  const count = matrices.length / width ** 2;
  const [pairs] = packedShape(count, width);
  const packed = new (matrices.constructor as new (size: number) => Numbers)(
    pairs * width * (width + 1),
  );
  eachElement(count, width, (at, place) => {
    packed[place] = matrices[at] as number;
  });
  return packed;
}

/**
 * The inverse of {@link packTriangles}.
 * @returns [count, width, width]
 * @throws BUNDLE_INVALID if the numbers are not as many as they should be
 */
export function unpackTriangles(packed: Float32Array, count: number, width: number): Float32Array {
  const expected = packedShape(count, width).reduce((product, size) => product * size);
  if (packed.length !== expected) {
    const message = `Expected ${expected} numbers for ${count} triangles of ${width} rows but received ${packed.length}`;
    fail('BUNDLE_INVALID', message);
  }
  const matrices = new Float32Array(count * width ** 2);
  eachElement(count, width, (at, place) => {
    matrices[at] = packed[place] as number;
  });
  return matrices;
}

/** Calls back with the index of each element of the triangles and with its index in their packed form. */
function eachElement(
  count: number,
  width: number,
  callback: (at: number, place: number) => void,
): void {
  const [pairs] = packedShape(count, width);
  for (let matrix = 0; matrix < count; matrix++) {
    const first = (matrix % pairs) * width * (width + 1);
    for (let row = 0; row < width; row++) {
      for (let column = 0; column <= row; column++) {
        const at = matrix * width ** 2 + row * width + column;
        const place = matrix < pairs ? row * (width + 1) + column : column * (width + 1) + row + 1;
        callback(at, first + place);
      }
    }
  }
}

/** The transposes of matrices packed by {@link packTriangles}. @returns [count, width, width] */
export function transposedTriangles(packed: Value, count: number): Value {
  const [pairs, width] = packed.shape as [number, number, number];
  const mask = (keeps: (row: number, column: number) => boolean) =>
    packed.graph.constant(triangle(width, keeps));
  const lower = mul(
    slice(packed, 2, 0, width),
    mask((row, column) => column <= row),
  );
  const upper = mul(
    slice(packed, 2, 1, width + 1),
    mask((row, column) => column >= row),
  );
  const all = concat([transpose(lower, [0, 2, 1]), upper], 0);
  return count === 2 * pairs ? all : slice(all, 0, 0, count);
}

function triangle(
  width: number,
  keeps: (row: number, column: number) => boolean,
): Tensor<'float32'> {
  const ones = Float32Array.from({ length: width ** 2 }, (_, at) =>
    Number(keeps(Math.floor(at / width), at % width)),
  );
  return float32([width, width], ones);
}
