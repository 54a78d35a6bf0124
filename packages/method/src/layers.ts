import { convolution, type Value } from '@bigrid/graph';
import { type ParameterSource, uniformByFanIn } from './parameters.ts';

/**
 * A learned convolution with bias and a square kernel, padded to keep the size.
 * @param x [batch, in, height, width]
 * @returns [batch, channels, height, width]
 */
export function learnedConvolution(
  parameters: ParameterSource,
  name: string,
  x: Value,
  channels: number,
  options: { kernel?: number; depthwise?: boolean; bias?: boolean } = {},
): Value {
  const { kernel = 1, depthwise = false, bias = true } = options;
  const input = x.shape[1] as number;
  const fanIn = (depthwise ? 1 : input) * kernel * kernel;
  const weight = parameters.get({
    name: `${name}.weight`,
    shape: [channels, depthwise ? 1 : input, kernel, kernel],
    kind: 'weight',
    initialise: uniformByFanIn(fanIn),
  });
  const offset = bias
    ? parameters.get({
        name: `${name}.bias`,
        shape: [channels],
        kind: 'weight',
        initialise: uniformByFanIn(fanIn),
      })
    : undefined;
  return convolution(x, weight, offset, {
    padding: (kernel - 1) / 2,
    groups: depthwise ? input : 1,
  });
}
