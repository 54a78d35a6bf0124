import { fail } from '@bigrid/errors';
import { readModel, type Tensor, withElements } from '@bigrid/graph';
import { COUNTED, imageCells, type MethodOptions } from '@bigrid/method';
import type { Bundle } from '../bundle/bundle.ts';
import { resizeMaskNearest } from '../metrics/masks.ts';
import type { ImageEntry, Mask } from '../ports.ts';

/** A model, with or without its manifest. */
type Model = Pick<Bundle, 'bytes'>;

/**
 * The same model, ignoring a part of every image: the map is 0 there, and the score does not depend on it. Replaces what was
 * ignored before.
 * @param mask of any size, stretched over the image; above 127 is ignored. Without one the model is unchanged
 * @throws OPTION_INVALID if the mask leaves nothing, BUNDLE_INVALID
 */
export function ignoring<M extends Model>(model: M, mask: Mask | undefined): M {
  if (mask === undefined) return model;
  const { shape } = countedOf(model);
  const [height, width] = shape.slice(-2) as [number, number];
  const counted = resizeMaskNearest(mask, width, height).map((ignored) => 1 - ignored);
  if (!counted.includes(1)) {
    fail(
      'OPTION_INVALID',
      'Expected a mask that leaves something to inspect but received one that is entirely white',
    );
  }
  const bytes =
    withElements(model.bytes, COUNTED, counted) ??
    fail(
      'BUNDLE_INVALID',
      `Expected ${counted.length} elements of ${COUNTED} in the model file but received another number`,
    );
  return { ...model, bytes };
}

/** The part that a bundle ignores; undefined if nothing. */
export function ignoredBy({ bytes }: Model): Mask | undefined {
  const counted = readModel(bytes).initialisers.get(COUNTED);
  const data = (counted?.data as Uint8Array | undefined)?.map((one) => 255 * (1 - one));
  if (!counted || !data?.includes(255)) return undefined;
  const [height, width] = counted.shape.slice(-2) as [number, number];
  return { width, height, data };
}

/** The weights of an image's cells in training, rows * columns values, 1 on average and 0 for ignored cells. */
export function cellWeights(mask: Mask, rows: number, columns: number): Float32Array | undefined {
  const ignored = resizeMaskNearest(mask, columns, rows);
  const counted = ignored.reduce((sum, one) => sum + 1 - one, 0);
  // What remains can be thinner than a cell.
  if (counted === 0) return undefined;
  return Float32Array.from(ignored, (one) => ((1 - one) * ignored.length) / counted);
}

/**
 * The weights of the cells of each learnt block, cells * cells values per block: {@link cellWeights} with the image's own mask,
 * or that of the bundle. Undefined if no image has one. A tile that is entirely ignored has weight 0.
 * @param images with the origins of their blocks in the resized image, in pixels
 */
export function learntCells(
  images: readonly { readonly entry: ImageEntry; readonly origins: readonly Origin[] }[],
  everywhere: Mask | undefined,
  method: MethodOptions,
): readonly Float32Array[] | undefined {
  const masks = images.map(({ entry }) => entry.ignored ?? everywhere);
  if (masks.every((mask) => mask === undefined)) return undefined;
  const blocks = new Map([...new Set(masks)].map((mask) => [mask, blocksUnder(mask, method)]));
  return images.flatMap(({ origins }, at) => {
    const block = blocks.get(masks[at]) as ReturnType<typeof blocksUnder>;
    return origins.map(block);
  });
}

type Origin = readonly [y: number, x: number];

/** The part of an image's cell weights in a block, by its origin: one array for all images with the same mask. */
function blocksUnder(mask: Mask | undefined, method: MethodOptions) {
  const { cells, inputSize } = method;
  const [rows, columns] = imageCells(method);
  const whole = mask && cellWeights(mask, rows, columns);
  const known = new Map<number, Float32Array>();
  return ([y, x]: Origin): Float32Array => {
    const first = ((y * columns + x) * cells) / inputSize;
    const block =
      known.get(first) ??
      Float32Array.from({ length: cells ** 2 }, (_, cell) =>
        whole ? (whole[first + Math.floor(cell / cells) * columns + (cell % cells)] as number) : 1,
      );
    known.set(first, block);
    return block;
  };
}

/** The share of every image that a bundle ignores: 0..1. */
export function ignoredShare(model: Model): number {
  const data = ignoredBy(model)?.data;
  return data ? data.reduce((sum, one) => sum + one / 255, 0) / data.length : 0;
}

function countedOf({ bytes }: Model): Tensor {
  return (
    readModel(bytes).initialisers.get(COUNTED) ??
    fail('BUNDLE_INVALID', `Expected an initialiser ${COUNTED} in the model file but received none`)
  );
}
