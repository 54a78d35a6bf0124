import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import { formatShape, sameShape } from '../shape.ts';

/** exp(x) over its sum along the last axis. It has no gradient. @throws GRAPH_TYPE_MISMATCH, GRAPH_SHAPE_MISMATCH, as all here */
export function softmax(x: Value): Value {
  checkRows(x, x.graph.nextName('Softmax'));
  return x.graph.node('Softmax', [x], { axis: lastAxis(x) }, x.type, x.shape);
}

/**
 * Layer normalisation (Ba et al. 2016) along the last axis, with the biased variance. It has no gradient.
 *
 *     (x - mean) / sqrt(variance + epsilon) * scale + bias
 *
 * @param x [..., channels]
 * @param scale, bias [channels]
 */
export function layerNormalization(x: Value, scale: Value, bias: Value, epsilon: number): Value {
  const name = x.graph.nextName('LayerNormalization');
  checkRows(x, name);
  const perChannel = x.shape.slice(-1);
  if (!sameShape(scale.shape, perChannel) || !sameShape(bias.shape, perChannel)) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected scale and bias of shape ${formatShape(perChannel)} for ${name} but received ${scale} and ${bias}`,
    );
  }
  return x.graph.node(
    'LayerNormalization',
    [x, scale, bias],
    { axis: lastAxis(x), epsilon: { float: epsilon } },
    x.type,
    x.shape,
  );
}

const lastAxis = (x: Value) => x.shape.length - 1;

function checkRows(x: Value, name: string): void {
  if (x.type !== 'float32') {
    fail('GRAPH_TYPE_MISMATCH', `Expected float32 for ${name} but received ${x}`);
  }
  if (x.shape.length === 0) {
    fail('GRAPH_SHAPE_MISMATCH', `Expected at least one axis for ${name} but received ${x}`);
  }
}
