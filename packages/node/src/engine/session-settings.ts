import { availableParallelism } from 'node:os';
import { type DeviceFeatures, nodesForProcessor } from '@bigrid/graph';

export interface Placement extends DeviceFeatures {
  readonly device: string;
  /** 0: as many as there are cores. */
  readonly threads: number;
}

interface Providers {
  readonly executionProviders: (string | { readonly name: string })[];
  /** Further settings, by their names in ONNX Runtime. */
  readonly session?: Readonly<Record<string, string>>;
  readonly optimization?: Readonly<Record<string, string>>;
}

/** Options of a session: how ONNX Runtime is to use a device and its threads. */
export function settingsFor(model: Uint8Array, placement: Placement) {
  const { executionProviders, session, optimization } = providersFor(model, placement);
  // Threads that spin while they wait, the default, take time from the others where there are more of them than cores.
  const spinning = placement.threads > availableParallelism() && {
    intra_op: { allow_spinning: '0' },
  };
  return {
    executionProviders,
    extra: { session: { ...session, ...spinning }, optimization: { ...optimization } },
  };
}

function providersFor(model: Uint8Array, { device, ...features }: Placement): Providers {
  if (device === 'cpu') return { executionProviders: ['cpu'] };
  const kept = nodesForProcessor(model, features);
  if (device !== 'webgpu') {
    // It takes parts of names, and keeps all nodes whose names contain one.
    const session = { name_based_layer_assignment: `cpu(${kept.join(', ')})` };
    return { executionProviders: [device, 'cpu'], session };
  }
  const webgpu = {
    name: 'webgpu',
    // An empty list is refused.
    ...(kept.length > 0 ? { forceCpuNodeNames: kept } : {}),
    // Without half precision no Transpose may be moved across a Cast, to the side of float16: its new node has none of the
    // names above. Both the conversion of layouts and an optimiser do so.
    ...(features.halfPrecision ? {} : { preferredLayout: 'NCHW' as const }),
  };
  const optimization = { disable_specified_optimizers: 'TransposeOptimizer' };
  return {
    executionProviders: [webgpu, 'cpu'],
    ...(features.halfPrecision ? {} : { optimization }),
  };
}
