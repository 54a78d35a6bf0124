import { slice, type Value } from '@bigrid/graph';
import { branch } from './branches.ts';
import { coordinates } from './coordinates.ts';
import { fuse } from './fusion.ts';
import { readGrid } from './grids.ts';
import type { MethodOptions } from './options.ts';
import type { ParameterSource } from './parameters.ts';

/** Parameters of the abnormal grid have names that start so; they are frozen in the second stage. */
export const ABNORMAL = 'abnormal';

/** What the grids make of the features of a batch. */
export interface Reconstruction {
  /** rec: [batch, channels, cells, cells] */
  readonly value: Value;
  /** q: [batch, 1, cells, cells], high where the abnormal grid sees a defect; undefined without that grid. */
  readonly abnormality: Value | undefined;
}

/**
 * The forward pass of GRAD on standardised features: coordinates, reads of one or both grids, their branches,
 * fusion. The abnormal branch may read its parameters from a source of its own, where they are frozen.
 * @param features [batch, channels, cells, cells]
 * @param jitter [batch, 2, cells, cells], in training
 */
export function reconstruct(
  parameters: ParameterSource,
  features: Value,
  options: MethodOptions,
  frozen: ParameterSource = parameters,
  jitter?: Value,
): Reconstruction {
  const { graph } = parameters;
  const at = graph.scope('coordinates', () =>
    coordinates(parameters, 'coordinates', features, jitter),
  );
  const through = (name: string, source: ParameterSource) =>
    graph.scope(name, () =>
      branch(source, `${name}.branch`, readGrid(source, `${name}.grid`, at, gridOptions(options)), {
        kind: options.branch,
        depth: options.depth,
        outputChannels: features.shape[1] as number,
      }),
    );
  if (options.grids === 'normal') return { value: through('normal', parameters), abnormality: undefined };
  const abnormal = through(ABNORMAL, frozen);
  const abnormality = slice(abnormal, 1, 0, 1);
  if (options.grids === 'abnormal') return { value: abnormal, abnormality };
  const normal = through('normal', parameters);
  return { value: graph.scope('fusion', () => fuse(parameters, normal, abnormal)), abnormality };
}

function gridOptions(options: MethodOptions) {
  return {
    channels: options.gridChannels,
    cells: options.cells,
    localResolution: options.localResolution,
    globalResolution: options.globalResolution,
  };
}
