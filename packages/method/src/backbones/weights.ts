import { fail } from '@bigrid/errors';
import type { Tensor } from '@bigrid/graph';

/** The weights of a network by name, and what error messages call the network. */
export interface Weights {
  readonly network: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** A tensor of the weights. @throws WEIGHTS_INVALID if it is missing or has another type or shape */
export function readWeight(
  { network, tensors }: Weights,
  name: string,
  shape: readonly number[],
): Tensor<'float32'> {
  const found = tensors.get(name);
  if (found?.type !== 'float32' || found.shape.join() !== shape.join()) {
    const received = found ? `${found.type} [${found.shape.join(', ')}]` : 'none';
    return fail(
      'WEIGHTS_INVALID',
      `Expected float32 [${shape.join(', ')}] for ${name} among the weights of ${network} but received ${received}`,
    );
  }
  return found as Tensor<'float32'>;
}
