import type { Engine } from '@bigrid/graph';
import { type Device, featuresOf } from './devices.ts';
import { loadSession, runtimeVersion } from './onnx-runtime.ts';

export interface EngineOptions {
  /** Threads to compute with. Default: the number of cores. */
  readonly threads?: number | undefined;
  /** Device to compute on. Operators that it does not support run on the processor. Default: `cpu`. */
  readonly device?: Device | undefined;
}

/** Name and version of the engine. */
export function describeRuntime({ device = 'cpu' }: EngineOptions): string {
  return `${runtimeVersion()} (${device})`;
}

/** ONNX Runtime in this thread, behind the engine port. @throws DEVICE_MISSING, on the first `load` */
export function onnxRuntimeHere(options: EngineOptions): Engine {
  const { threads = 0, device = 'cpu' } = options;
  return {
    description: describeRuntime(options),
    async load(model) {
      return loadSession(model, { device, threads, ...(await featuresOf(device)) });
    },
  };
}
