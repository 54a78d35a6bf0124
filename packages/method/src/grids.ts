import {
  add,
  bilinearRead,
  div,
  reduceMean,
  reshape,
  sqrt,
  square,
  sub,
  transpose,
  type Value,
} from '@bigrid/graph';
import type { Coordinates } from './coordinates.ts';
import { type ParameterSource, xavierNormal } from './parameters.ts';

export interface GridOptions {
  /** Channels of both tables. */
  readonly channels: number;
  /** Feature cells along one side of the image. */
  readonly cells: number;
  /** Rl: entries along one side of the local table. */
  readonly localResolution: number;
  /** Rg: entries along one side of the global table. */
  readonly globalResolution: number;
}

/** The reads of an image's points from one grid. */
export interface GridRead {
  /** [batch, channels, height, width]: one read of the local table per cell. */
  readonly local: Value;
  /** [batch, channels, height, width]: one read of the global table per image, a whole feature map. */
  readonly global: Value;
}

/**
 * A continuous grid: a local table with one entry of `channels` numbers, and a global table whose entries are
 * whole feature maps, both read by bilinear interpolation. Xavier-normal start, with the fans of tables laid
 * out as [channels, R, R].
 */
export function readGrid(
  parameters: ParameterSource,
  name: string,
  at: Coordinates,
  options: GridOptions,
): GridRead {
  const { channels, cells, localResolution, globalResolution } = options;
  const batch = at.local.shape[0] as number;
  const area = cells * cells;
  const table = (part: string, resolution: number, width: number) =>
    parameters.get({
      name: `${name}.${part}`,
      shape: [resolution * resolution, width],
      kind: 'table',
      initialise: xavierNormal(resolution * resolution, width * resolution),
    });
  const localPoints = reshape(transpose(reshape(at.local, [batch, 2, area]), [0, 2, 1]), [
    batch * area,
    2,
  ]);
  const local = bilinearRead(
    table('local', localResolution, channels),
    localPoints,
    localResolution,
  );
  const global = bilinearRead(
    table('global', globalResolution, channels * area),
    reshape(at.global, [batch, 2]),
    globalResolution,
  );
  return {
    local: reshape(transpose(reshape(local, [batch, area, channels]), [0, 2, 1]), [
      batch,
      channels,
      cells,
      cells,
    ]),
    global: reshape(global, [batch, channels, cells, cells]),
  };
}

/**
 * Both reads, with each channel of each image standardised over space. The published code does this to the reads of
 * the abnormal grid, so that its branch sees where an image differs from the rest of itself.
 */
export function standardiseRead(read: GridRead): GridRead {
  return { local: standardiseOverSpace(read.local), global: standardiseOverSpace(read.global) };
}

function standardiseOverSpace(x: Value): Value {
  const space = { axes: [2, 3] };
  const centred = sub(x, reduceMean(x, space));
  return div(centred, sqrt(add(reduceMean(square(centred), space), 1e-5)));
}
