export { type AdamWOptions, adamW, adamWDefaults, type Trainable } from './adamw.ts';
export type { Engine, Session, Tensors } from './engine.ts';
export { differentiableOperators, gradients } from './gradients.ts';
export { Graph, type GraphNode, Value } from './graph.ts';
export {
  type ModelOptions,
  OPERATOR_SET,
  type ReadModel,
  readModel,
  toModel,
  withMetadata,
} from './model.ts';
export { bilinearRead } from './operators/bilinear-read.ts';
export { type ConvolutionOptions, convolution } from './operators/convolution.ts';
export * from './operators/elementwise.ts';
export { concat, expand, pad, reshape, slice, transpose } from './operators/layout.ts';
export { matMul } from './operators/linear.ts';
export { averagePool, resize } from './operators/picture.ts';
export { reduceMax, reduceMean, reduceSum, sumTo } from './operators/reduce.ts';
export { type Dimension, formatShape, type Shape, staticShape } from './shape.ts';
export * from './tensor.ts';
