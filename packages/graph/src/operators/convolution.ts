import { fail } from '@bigrid/errors';
import { type GradientRule, inputOf } from '../gradient-rule.ts';
import type { Attribute, Value } from '../graph.ts';
import { type Dimension, formatShape, staticShape } from '../shape.ts';
import { reshape, slice, transpose } from './layout.ts';
import { reduceSum } from './reduce.ts';

export interface ConvolutionOptions {
  /** Step of the kernel along both axes. Default 1. */
  readonly stride?: number;
  /** Zeros around the picture along both axes, or `same`: TensorFlow's SAME, the odd zero at the end. Default 0. */
  readonly padding?: number | 'same';
  /** Distance between kernel cells. Default 1. */
  readonly dilation?: number;
  /** Channel groups; as many as channels makes it depthwise. Default 1. */
  readonly groups?: number;
}

/**
 * 2-D convolution: x [batch, in, height, width], weight [out, in / groups, kh, kw], bias [out].
 * @returns [batch, out, height', width']
 */
export function convolution(
  x: Value,
  weight: Value,
  bias?: Value,
  options: ConvolutionOptions = {},
): Value {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const name = x.graph.nextName('Conv');
  const [batch, channels, ...space] = x.shape as [Dimension, Dimension, ...Dimension[]];
  const [out, inGroup, ...kernel] = staticShape(weight.shape, name) as [number, number, ...number[]];
  if (
    x.shape.length !== 4 ||
    weight.shape.length !== 4 ||
    channels !== inGroup * groups ||
    out % groups !== 0 ||
    (bias && (bias.shape.length !== 1 || bias.shape[0] !== out))
  ) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected x [b, i, h, w], weight [o, i / ${groups}, kh, kw] and bias [o] for ${name} but received ${formatShape(x.shape)}, ${formatShape(weight.shape)} and ${bias ? formatShape(bias.shape) : 'none'}`,
    );
  }
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
  const outSpace = staticShape(space, name).map((length, axis) => size(length, kernel[axis] as number));
  const inputs = bias ? [x, weight, bias] : [x, weight];
  return x.graph.node('Conv', inputs, attributes, x.type, [batch, out, ...outSpace]);
}

/** The transpose of {@link convolution} in its picture: what passes a gradient back to x. */
function transposedConvolution(
  g: Value,
  weight: Value,
  shape: readonly number[],
  attributes: Readonly<Record<string, Attribute>>,
): Value {
  const { strides, dilations, pads, group } = attributes;
  const [stride] = strides as [number];
  const [dilation] = dilations as [number];
  const [padding] = pads as [number];
  // Rows that a stride skipped at the far edge get their size back, with gradient zero.
  const outputPadding = [2, 3].map((axis) => {
    const reach = dilation * ((weight.shape[axis] as number) - 1) + 1;
    return (shape[axis] as number) - (((g.shape[axis] as number) - 1) * stride - 2 * padding + reach);
  });
  return g.graph.node(
    'ConvTranspose',
    [g, weight],
    {
      strides: strides as number[],
      dilations: dilations as number[],
      pads: pads as number[],
      group: group as number,
      output_padding: outputPadding,
    },
    g.type,
    shape,
  );
}

/** dL/dweight: a convolution of the picture with the gradient as kernel, batch and channels swapped. */
function weightGradient(
  x: Value,
  g: Value,
  weight: Value,
  attributes: Readonly<Record<string, Attribute>>,
): Value {
  const groups = attributes.group as number;
  const [stride] = attributes.strides as [number];
  const [dilation] = attributes.dilations as [number];
  const [padding] = attributes.pads as [number];
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [out, inGroup, kh, kw] = weight.shape as [number, number, number, number];
  const options = { stride: dilation, dilation: stride, padding };
  const crop = (full: Value) => slice(slice(full, 2, 0, kh), 3, 0, kw);
  if (groups === 1) {
    const full = convolution(transpose(x, [1, 0, 2, 3]), transpose(g, [1, 0, 2, 3]), undefined, options);
    return transpose(crop(full), [1, 0, 2, 3]);
  }
  if (inGroup !== 1 || out !== channels) {
    fail(
      'GRAPH_NO_GRADIENT',
      `Expected one group or as many as channels for the gradient of Conv but received ${groups} groups of ${formatShape(weight.shape)}`,
    );
  }
  // Depthwise: every (picture, channel) pair is a group of its own, then pictures are summed.
  const [, , outHeight, outWidth] = g.shape as [number, number, number, number];
  const folded = convolution(
    reshape(x, [1, batch * channels, height, width]),
    reshape(g, [batch * channels, 1, outHeight, outWidth]),
    undefined,
    { ...options, groups: batch * channels },
  );
  const perPicture = reshape(crop(folded), [batch, channels, kh, kw]);
  return reshape(reduceSum(perPicture, { axes: [0], keepDimensions: false }), weight.shape);
}

export const convolutionGradients: Readonly<Record<string, GradientRule>> = {
  Conv: (node, g) => {
    const [x, weight] = [inputOf(node, 0), inputOf(node, 1)];
    const { attributes } = node;
    if (!attributes.pads) {
      fail('GRAPH_NO_GRADIENT', `Expected explicit padding for the gradient of ${node.name} but received SAME`);
    }
    return [
      () => transposedConvolution(g, weight, staticShape(x.shape, node.name), attributes),
      () => weightGradient(x, g, weight, attributes),
      () => reduceSum(g, { axes: [0, 2, 3], keepDimensions: false }),
    ];
  },
};
