import { add, cast, div, greater, mul, reduceSum, relu, sub, type Value } from '@bigrid/graph';

const threshold = 0.5;

/**
 * Truncated L1 that pushes q above 0.5 in pasted cells and below -0.5 in the others, each averaged over its own
 * cells: mean(relu(0.5 - q) | pasted) + mean(relu(0.5 + q) | others).
 * @param q [batch, 1, height, width]: channel 0 of the abnormal branch
 * @param mask [batch, 1, height, width]: above 0 in pasted cells
 * @returns a scalar
 */
export function contrastiveLoss(q: Value, mask: Value): Value {
  const pasted = cast(greater(mask, 0), 'float32');
  const others = sub(1, pasted);
  const meanOver = (loss: Value, cells: Value) =>
    div(
      reduceSum(mul(loss, cells), { keepDimensions: false }),
      add(reduceSum(cells, { keepDimensions: false }), 1e-6),
    );
  return add(meanOver(relu(sub(threshold, q)), pasted), meanOver(relu(add(threshold, q)), others));
}
