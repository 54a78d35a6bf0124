import { slice, stopGradient, type Value } from '@bigrid/graph';
import { branch } from './branches.ts';
import { coordinates } from './coordinates.ts';
import { fuse } from './fusion.ts';
import { readGrid, standardiseOverSpace } from './grids.ts';
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
  const read = (name: string, source: ParameterSource) =>
    readGrid(source, `${name}.grid`, at, gridOptions(options));
  const branchOptions = {
    kind: options.branch,
    depth: options.depth,
    outputChannels: features.shape[1] as number,
  };
  const throughNormal = () =>
    graph.scope('normal', () =>
      branch(parameters, 'normal.branch', read('normal', parameters), branchOptions),
    );
  const throughAbnormal = () =>
    graph.scope(ABNORMAL, () => {
      const { local, global } = read(ABNORMAL, frozen);
      const standardised = {
        local: standardiseOverSpace(local),
        global: standardiseOverSpace(global),
      };
      return branch(frozen, `${ABNORMAL}.branch`, standardised, branchOptions);
    });

  if (options.grids === 'normal') return { value: throughNormal(), abnormality: undefined };
  const abnormal = throughAbnormal();
  const abnormality = slice(abnormal, 1, 0, 1);
  if (options.grids === 'abnormal') return { value: abnormal, abnormality };
  // What is frozen is a given for the normal grid: the points that both share follow the normal grid alone, and
  // a step needs no backward pass through the abnormal branch.
  const given = frozen === parameters ? abnormal : stopGradient(abnormal);
  const value = graph.scope('fusion', () => fuse(parameters, throughNormal(), given));
  return { value, abnormality };
}

function gridOptions(options: MethodOptions) {
  return {
    channels: options.gridChannels,
    cells: options.cells,
    localResolution: options.localResolution,
    globalResolution: options.globalResolution,
  };
}
