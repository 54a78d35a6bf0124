import { fail } from '@bigrid/errors';
import { readModel, type Tensor, withElements } from '@bigrid/graph';
import { COUNTED } from '@bigrid/method';
import type { Bundle } from './bundle.ts';
import { resizeMaskNearest } from './metrics/masks.ts';
import type { Mask } from './ports.ts';

/** A model, whatever else is known of it. */
type Model = Pick<Bundle, 'bytes'>;

/**
 * The same model that ignores a part of every picture: there its map is 0, and its score does not see it. It takes the
 * place of what was ignored before.
 * @param mask of any size, spread over the picture; above 127 is ignored
 * @throws OPTION_INVALID where the mask leaves nothing, or the bundle is of a build that knew no masks
 */
export function ignoring<M extends Model>(model: M, mask: Mask): M {
  const { shape } = countedOf(model);
  const [height, width] = shape.slice(-2) as [number, number];
  const counted = resizeMaskNearest(mask, width, height).map((ignored) => 1 - ignored);
  if (!counted.includes(1)) {
    fail(
      'OPTION_INVALID',
      'Expected a mask that leaves something to look at but received one that is white all over',
    );
  }
  return withCounted(model, counted);
}

/** The same model that ignores what another one does. */
export function ignoringAs<M extends Model>(model: M, other: Model): M {
  const counted = readModel(other.bytes).initialisers.get(COUNTED);
  return counted ? withCounted(model, counted.data as Uint8Array) : model;
}

/** How much of every picture a bundle ignores: 0..1. */
export function ignoredShare({ bytes }: Model): number {
  const counted = readModel(bytes).initialisers.get(COUNTED)?.data as Uint8Array | undefined;
  return counted ? 1 - counted.reduce((sum, one) => sum + one, 0) / counted.length : 0;
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

function withCounted<M extends Model>(model: M, counted: Uint8Array): M {
  const bytes =
    withElements(model.bytes, COUNTED, counted) ??
    fail('BUNDLE_INVALID', `Expected ${counted.length} elements for ${COUNTED} in the bundle`);
  return { ...model, bytes };
}
