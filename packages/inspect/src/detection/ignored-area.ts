import { fail } from '@bigrid/errors';
import { readModel, type Tensor, withElements } from '@bigrid/graph';
import { COUNTED, type MethodOptions } from '@bigrid/method';
import type { Bundle } from '../bundle/bundle.ts';
import { resizeMaskNearest } from '../metrics/masks.ts';
import type { Mask, PictureEntry } from '../ports.ts';

/** A model, whatever else is known of it. */
type Model = Pick<Bundle, 'bytes'>;

/**
 * The same model that ignores a part of every picture: there its map is 0, and its score does not see it. It takes the
 * place of what was ignored before.
 * @param mask of any size, spread over the picture; above 127 is ignored. Without one the model stays as it is
 * @throws OPTION_INVALID where the mask leaves nothing, or the bundle is of a build that knew no masks
 */
export function ignoring<M extends Model>(model: M, mask: Mask | undefined): M {
  if (mask === undefined) return model;
  const { shape } = countedOf(model);
  const [height, width] = shape.slice(-2) as [number, number];
  const counted = resizeMaskNearest(mask, width, height).map((ignored) => 1 - ignored);
  if (!counted.includes(1)) {
    fail(
      'OPTION_INVALID',
      'Expected a mask that leaves something to look at but received one that is white all over',
    );
  }
  const bytes =
    withElements(model.bytes, COUNTED, counted) ??
    fail('BUNDLE_INVALID', `Expected ${counted.length} elements of ${COUNTED} in the bundle`);
  return { ...model, bytes };
}

/** What a bundle ignores; undefined where it is nothing. */
export function ignoredBy({ bytes }: Model): Mask | undefined {
  const counted = readModel(bytes).initialisers.get(COUNTED);
  const data = (counted?.data as Uint8Array | undefined)?.map((one) => 255 * (1 - one));
  if (!counted || !data?.includes(255)) return undefined;
  const [height, width] = counted.shape.slice(-2) as [number, number];
  return { width, height, data };
}

/** What each feature cell counts in training, cells * cells values, 1 on average; ignored ones count nothing. */
export function cellWeights(mask: Mask, cells: number): Float32Array | undefined {
  const ignored = resizeMaskNearest(mask, cells, cells);
  const counted = ignored.reduce((sum, one) => sum + 1 - one, 0);
  // What is left can be thinner than a cell.
  if (counted === 0) return undefined;
  return Float32Array.from(ignored, (one) => ((1 - one) * ignored.length) / counted);
}

/**
 * {@link cellWeights} of each picture that is learnt: under a mask of its own, or under that of the bundle. Undefined where
 * none has any, and in tiles, whose cells lie elsewhere in each: there only the map leaves it out.
 */
export function learntCells(
  entries: readonly PictureEntry[],
  everywhere: Mask | undefined,
  { tiles, cells }: MethodOptions,
): readonly Float32Array[] | undefined {
  const masks = entries.map(({ ignored }) => ignored ?? everywhere);
  if (tiles || masks.every((mask) => mask === undefined)) return undefined;
  const all = new Float32Array(cells ** 2).fill(1);
  const weights = new Map<Mask | undefined, Float32Array>();
  for (const mask of new Set(masks)) weights.set(mask, (mask && cellWeights(mask, cells)) ?? all);
  return masks.map((mask) => weights.get(mask) as Float32Array);
}

/** How much of every picture a bundle ignores: 0..1. */
export function ignoredShare(model: Model): number {
  const data = ignoredBy(model)?.data;
  return data ? data.reduce((sum, one) => sum + one / 255, 0) / data.length : 0;
}

function countedOf({ bytes }: Model): Tensor {
  return (
    readModel(bytes).initialisers.get(COUNTED) ??
    fail(
      'OPTION_INVALID',
      'Expected a bundle that can ignore parts of pictures but received one of an earlier build: train it again to use a mask',
    )
  );
}
