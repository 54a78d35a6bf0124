import { expand, reduceMean, slice, stopGradient, type Value } from '@bigrid/graph';
import { branch } from './branches.ts';
import { type Coordinates, coordinates } from './coordinates.ts';
import { average, fuse } from './fusion.ts';
import { type GridRead, readGrid, standardiseRead } from './grids.ts';
import type { MethodOptions } from './options.ts';
import type { ParameterSource } from './parameters.ts';

/** Parameters of the abnormal grid have names that start so; they are frozen in the second stage. */
export const ABNORMAL = 'abnormal';

/** What the grids make of the features of a batch. */
export interface Reconstruction {
  /** rec: [batch, channels, cells, cells] */
  readonly value: Value;
  /** q: [batch, 1, cells, cells], high where the published abnormal grid sees a defect; undefined without it. */
  readonly abnormality?: Value;
}

/**
 * The forward pass of GRAD on standardised features: coordinates, reads of one or both grids, their branches,
 * fusion. The abnormal grid may read its parameters from a source of its own, where they are frozen. As published
 * both grids share their points; a restoring grid has coordinate nets of its own.
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
  const points = (name: string, source: ParameterSource) =>
    graph.scope('coordinates', () => coordinates(source, name, features, jitter));
  const branchOf = (source: ParameterSource, name: string, read: GridRead) =>
    graph.scope('branch', () =>
      branch(source, `${name}.branch`, read, {
        kind: options.branch,
        depth: options.depth,
        outputChannels: features.shape[1] as number,
      }),
    );
  const through = (name: string, source: ParameterSource, at: Coordinates) =>
    graph.scope(name, () => {
      const read = graph.scope('grid', () =>
        readGrid(source, `${name}.grid`, at, gridOptions(options)),
      );
      const published = name === ABNORMAL && options.abnormalGrid === 'published';
      return branchOf(source, name, published ? standardiseRead(read) : read);
    });
  const { grids } = options;
  if (grids === 'none') {
    const mean = expand(reduceMean(features, { axes: [2, 3] }), features.shape);
    return {
      value: graph.scope('normal', () =>
        branchOf(parameters, 'normal', { local: features, global: mean }),
      ),
    };
  }
  const restore = () => through(ABNORMAL, frozen, points(`${ABNORMAL}.coordinates`, frozen));

  if (grids === 'abnormal' && options.abnormalGrid === 'restoring') {
    return { value: restore() };
  }
  const at = points('coordinates', parameters);
  if (grids === 'normal') {
    return { value: through('normal', parameters, at) };
  }
  if (options.abnormalGrid === 'restoring') {
    const value = average(through('normal', parameters, at), restore());
    return { value };
  }
  const abnormal = through(ABNORMAL, frozen, at);
  const abnormality = slice(abnormal, 1, 0, 1);
  if (grids === 'abnormal') return { value: abnormal, abnormality };
  // What is frozen is a given for the normal grid: the points that both share follow the normal grid alone, and
  // a step needs no backward pass through the abnormal branch.
  const given = frozen === parameters ? abnormal : stopGradient(abnormal);
  const normal = through('normal', parameters, at);
  return { value: graph.scope('fusion', () => fuse(parameters, normal, given)), abnormality };
}

function gridOptions(options: MethodOptions) {
  return {
    channels: options.gridChannels,
    cells: options.cells,
    localResolution: options.localResolution,
    globalResolution: options.globalResolution,
  };
}
