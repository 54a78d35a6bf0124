import type { Engine } from '@bigrid/graph';
import { type Device, featuresOf, type RealDevice } from './devices.ts';
import { loadLoop, loadSession, runtimeVersion } from './onnx-runtime.ts';
import type { Placement } from './session-settings.ts';

export interface EngineOptions {
  /** Threads to compute with. Default: the number of cores. */
  readonly threads?: number | undefined;
  /**
   * Device to compute on; `auto` is the fastest, which is measured. Operators that a device does not support run on the
   * processor. Default: `cpu`.
   */
  readonly device?: Device | undefined;
}

/** Name and version of the engine. */
export function describeRuntime({ device = 'cpu' }: EngineOptions): string {
  return `${runtimeVersion()} (${device})`;
}

/** Options with a device that is chosen. */
export interface PlacedOptions extends EngineOptions {
  readonly device?: RealDevice | undefined;
}

/** ONNX Runtime in this thread, behind the engine port. @throws DEVICE_MISSING, on the first `load` */
export function onnxRuntimeHere(options: PlacedOptions): Engine {
  const { threads = 0, device = 'cpu' } = options;
  const placement = async (): Promise<Placement> => ({
    device,
    threads,
    ...(await featuresOf(device)),
  });
  return {
    description: describeRuntime(options),
    async load(model) {
      return loadSession(model, await placement());
    },
    // Of the devices, onnxruntime-node gives access to the memory of WebGPU only.
    ...(device === 'webgpu' && {
      async loop(model, values) {
        return loadLoop(model, await placement(), values);
      },
    }),
  };
}
