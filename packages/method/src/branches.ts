import {
  add,
  concat,
  div,
  mul,
  reduceMean,
  relu,
  reshape,
  sqrt,
  square,
  sub,
  type Value,
} from '@bigrid/graph';
import type { GridRead } from './grids.ts';
import { learnedConvolution } from './layers.ts';
import { constantInitialiser, type ParameterSource } from './parameters.ts';

export interface BranchOptions {
  /** `basic`: the paper's residual blocks of two 3x3 convolutions. `light`: depthwise separable blocks. */
  readonly kind: 'basic' | 'light';
  /** Number of blocks. */
  readonly depth: number;
  /** Channels of the features to reconstruct. */
  readonly outputChannels: number;
}

/**
 * Turns the reads of a grid into features: [global, local] concatenated, a stack of residual blocks, a 1x1 convolution.
 * @returns [batch, outputChannels, height, width]
 */
export function branch(
  parameters: ParameterSource,
  name: string,
  read: GridRead,
  options: BranchOptions,
): Value {
  let x = concat([read.global, read.local], 1);
  if (options.kind === 'light') {
    // Half as wide as the concatenated reads: a quarter of the multiply-adds.
    x = learnedConvolution(parameters, `${name}.entry`, x, read.local.shape[1] as number);
  }
  const block = options.kind === 'basic' ? basicBlock : lightBlock;
  for (let i = 0; i < options.depth; i++) x = block(parameters, `${name}.block${i}`, x);
  return learnedConvolution(parameters, `${name}.exit`, x, options.outputChannels);
}

/** 3x3 conv - batch norm - ReLU - 3x3 conv - batch norm, plus the input, ReLU (He et al. 2016). */
function basicBlock(parameters: ParameterSource, name: string, x: Value): Value {
  const channels = x.shape[1] as number;
  const stage = (part: string, input: Value) =>
    batchNorm(
      parameters,
      `${name}.${part}.norm`,
      learnedConvolution(parameters, `${name}.${part}`, input, channels, {
        kernel: 3,
        bias: false,
      }),
    );
  return relu(add(x, stage('1', relu(stage('0', x)))));
}

/** 1x1 conv - ReLU - depthwise 3x3 - ReLU - 1x1 conv, plus the input. */
function lightBlock(parameters: ParameterSource, name: string, x: Value): Value {
  const channels = x.shape[1] as number;
  const wide = relu(learnedConvolution(parameters, `${name}.expand`, x, channels));
  const mixed = relu(
    learnedConvolution(parameters, `${name}.depthwise`, wide, channels, {
      kernel: 3,
      depthwise: true,
    }),
  );
  return add(x, learnedConvolution(parameters, `${name}.project`, mixed, channels));
}

const epsilon = 1e-5;
const momentum = 0.1;

/**
 * Batch normalisation (Ioffe & Szegedy 2015) over batch and space, with PyTorch's running statistics: momentum
 * 0.1, unbiased variance. Training steps use the batch, everything else the running statistics.
 */
function batchNorm(parameters: ParameterSource, name: string, x: Value): Value {
  const channels = x.shape[1] as number;
  const parameter = (part: string, kind: 'weight' | 'statistic', start: number) => {
    const value = parameters.get({
      name: `${name}.${part}`,
      shape: [channels],
      kind,
      initialise: constantInitialiser(start),
    });
    return reshape(value, [1, channels, 1, 1]);
  };
  const runningMean = parameter('runningMean', 'statistic', 0);
  const runningVariance = parameter('runningVariance', 'statistic', 1);
  let [mean, variance] = [runningMean, runningVariance];
  if (parameters.training) {
    const [batch, , height, width] = x.shape as [number, number, number, number];
    const count = batch * height * width;
    mean = reduceMean(x, { axes: [0, 2, 3] });
    variance = reduceMean(square(sub(x, mean)), { axes: [0, 2, 3] });
    const keep = (part: string, old: Value, now: Value) =>
      parameters.update(
        `${name}.${part}`,
        reshape(add(mul(old, 1 - momentum), mul(now, momentum)), [channels]),
      );
    keep('runningMean', runningMean, mean);
    keep('runningVariance', runningVariance, mul(variance, count / (count - 1)));
  }
  const normalised = div(sub(x, mean), sqrt(add(variance, epsilon)));
  return add(mul(normalised, parameter('weight', 'weight', 1)), parameter('bias', 'weight', 0));
}
