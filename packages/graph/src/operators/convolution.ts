import { fail } from '@bigrid/errors';
import type { Attribute, Value } from '../graph.ts';
import { type Dimension, formatShape, staticShape } from '../shape.ts';

export interface ConvolutionOptions {
  /** Step of the kernel along both axes. Default 1. */
  readonly stride?: number;
  /**
   * Zeros around the image along both axes, or `same`: TensorFlow's SAME, with the odd zero at the end, for
   * kernels without dilation. Default 0.
   */
  readonly padding?: number | 'same';
  /** Distance between kernel cells. Default 1. */
  readonly dilation?: number;
  /** Channel groups; one per channel makes it depthwise. Default 1. */
  readonly groups?: number;
}

/**
 * 2-D convolution: x [batch, in, height, width], weight [out, in / groups, kh, kw], bias [out].
 * @returns [batch, out, height', width']
 * @throws GRAPH_SHAPE_MISMATCH, GRAPH_TYPE_MISMATCH
 */
export function convolution(
  x: Value,
  weight: Value,
  bias?: Value,
  options: ConvolutionOptions = {},
): Value {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const name = x.graph.nextName('Conv');
  checkConvolution(name, x, weight, bias, { stride, padding, dilation, groups });
  const [batch, , ...space] = x.shape as [Dimension, Dimension, ...Dimension[]];
  const [out, , ...kernel] = staticShape(weight.shape, name) as [number, number, ...number[]];
  const attributes: Record<string, Attribute> = {
    strides: [stride, stride],
    dilations: [dilation, dilation],
    group: groups,
  };
  if (padding === 'same') attributes.auto_pad = 'SAME_UPPER';
  else attributes.pads = [padding, padding, padding, padding];
  const size = (length: number, reach: number) =>
    padding === 'same'
      ? Math.ceil(length / stride)
      : Math.floor((length + 2 * padding - dilation * (reach - 1) - 1) / stride) + 1;
  const outSpace = staticShape(space, name).map((length, axis) =>
    size(length, kernel[axis] as number),
  );
  if (!outSpace.every((length) => length > 0)) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected a padded image at least as large as the dilated kernel for ${name} but received ${formatShape(x.shape)} and ${formatShape(weight.shape)} with padding ${padding}, dilation ${dilation}`,
    );
  }
  const inputs = bias ? [x, weight, bias] : [x, weight];
  return x.graph.node('Conv', inputs, attributes, x.type, [batch, out, ...outSpace]);
}

/** @throws GRAPH_SHAPE_MISMATCH, GRAPH_TYPE_MISMATCH */
function checkConvolution(
  name: string,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  { stride, padding, dilation, groups }: Required<ConvolutionOptions>,
): void {
  const [out, inGroup] = staticShape(weight.shape, name) as [number, number];
  if (
    x.shape.length !== 4 ||
    weight.shape.length !== 4 ||
    x.shape[1] !== inGroup * groups ||
    out % groups !== 0 ||
    (bias && (bias.shape.length !== 1 || bias.shape[0] !== out))
  ) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected x [b, i, h, w], weight [o, i / ${groups}, kh, kw] and bias [o] for ${name} but received ${formatShape(x.shape)}, ${formatShape(weight.shape)} and ${bias ? formatShape(bias.shape) : 'none'}`,
    );
  }
  for (const other of bias ? [weight, bias] : [weight]) {
    if (other.type !== x.type) {
      fail(
        'GRAPH_TYPE_MISMATCH',
        `Expected one element type for ${name} but received ${x} and ${other}`,
      );
    }
  }
  const steps = [stride, dilation, groups].every((n) => Number.isInteger(n) && n > 0);
  // ONNX Runtime has no SAME padding for dilated kernels.
  if (!steps || (padding === 'same' && dilation !== 1)) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected integers, and dilation 1 if padding is SAME, for ${name} of ${formatShape(x.shape)} and ${formatShape(weight.shape)} but received stride ${stride}, dilation ${dilation}, groups ${groups}, padding ${padding}`,
    );
  }
}
