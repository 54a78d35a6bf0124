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
 * The forward pass of GRAD on standardised features: coordinates say where the local and the global table of a grid are
 * read, a branch turns what was read into features, fusion makes one reconstruction of two. As published, both grids
 * share their coordinates; a restoring grid has coordinates of its own.
 * @param features [batch, channels, cells, cells]
 * @param frozen where the abnormal grid has its parameters, if they are not trained
 * @param jitter [batch, 2, cells, cells], in training
 */
export function reconstruct(
  parameters: ParameterSource,
  features: Value,
  options: MethodOptions,
  frozen: ParameterSource = parameters,
  jitter?: Value,
): Reconstruction {
  const terms = termsOf(parameters, features, options, frozen, jitter);
  const { sharedCoordinates, ownCoordinates, normalGrid, restoringGrid, abnormalGrid } = terms;
  switch (options.grids) {
    case 'gaussian+restoring':
    case 'restoring':
      return { value: restoringGrid(ownCoordinates()) };
    case 'normal':
      return { value: normalGrid(sharedCoordinates()) };
    case 'normal+restoring':
      return { value: average(normalGrid(sharedCoordinates()), restoringGrid(ownCoordinates())) };
    case 'published': {
      const at = sharedCoordinates();
      const { value: abnormal, abnormality } = abnormalGrid(at);
      return { value: terms.fusion(normalGrid(at), abnormal), abnormality };
    }
    case 'published-abnormal':
      return abnormalGrid(sharedCoordinates());
    case 'none':
      return { value: terms.branchAlone() };
  }
}

/** The terms of the paper that {@link reconstruct} is made of, each a part of the graph once it is called. */
function termsOf(
  parameters: ParameterSource,
  features: Value,
  options: MethodOptions,
  frozen: ParameterSource,
  jitter: Value | undefined,
) {
  const { graph } = parameters;
  const points = (source: ParameterSource, name: string) =>
    graph.scope('coordinates', () => coordinates(source, name, features, jitter));
  const branchOf = (source: ParameterSource, name: string, read: GridRead) =>
    graph.scope('branch', () =>
      branch(source, `${name}.branch`, read, {
        kind: options.branch,
        depth: options.depth,
        outputChannels: features.shape[1] as number,
      }),
    );
  const read = (source: ParameterSource, name: string, at: Coordinates) =>
    graph.scope('grid', () => readGrid(source, `${name}.grid`, at, gridOptions(options)));
  return {
    sharedCoordinates: () => points(parameters, 'coordinates'),
    ownCoordinates: () => points(frozen, `${ABNORMAL}.coordinates`),
    normalGrid: (at: Coordinates) =>
      graph.scope('normal', () => branchOf(parameters, 'normal', read(parameters, 'normal', at))),
    restoringGrid: (at: Coordinates) =>
      graph.scope(ABNORMAL, () => branchOf(frozen, ABNORMAL, read(frozen, ABNORMAL, at))),
    /** The published one: its reads are standardised, and channel 0 of what it gives is q. */
    abnormalGrid: (at: Coordinates): Required<Reconstruction> => {
      const value = graph.scope(ABNORMAL, () =>
        branchOf(frozen, ABNORMAL, standardiseRead(read(frozen, ABNORMAL, at))),
      );
      const abnormality = slice(value, 1, 0, 1);
      // What is frozen is a given for the normal grid: the coordinates that both share follow the normal grid alone,
      // and a step needs no backward pass through the abnormal branch.
      return { value: frozen === parameters ? value : stopGradient(value), abnormality };
    },
    fusion: (normal: Value, abnormal: Value) =>
      graph.scope('fusion', () => fuse(parameters, normal, abnormal)),
    /** The branch of the normal grid on the features themselves and their mean, where a grid would give its reads. */
    branchAlone: () => {
      const mean = expand(reduceMean(features, { axes: [2, 3] }), features.shape);
      const read = { local: features, global: mean };
      return graph.scope('normal', () => branchOf(parameters, 'normal', read));
    },
  };
}

function gridOptions(options: MethodOptions) {
  return {
    channels: options.gridChannels,
    cells: options.cells,
    localResolution: options.localResolution,
    globalResolution: options.globalResolution,
  };
}
