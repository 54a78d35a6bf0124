import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import type { Engine } from '@bigrid/graph';
import { checkOptions } from '@bigrid/inspect';
import { z } from 'zod';
import { optional } from '../files/option-schemas.ts';
import { deviceNames, type RealDevice } from './devices.ts';
import { type OnAnswer, openProcess, openThread } from './engine-host.ts';
import { pooledEngine } from './engine-pool.ts';
import { fasterEngine } from './faster.ts';
import { describeRuntime, type EngineOptions, onnxRuntimeHere } from './here.ts';

export { type Device, workingDevices } from './devices.ts';
export type { EngineOptions } from './here.ts';

export const engineOptionsSchema = optional<EngineOptions>({
  device: z.enum(deviceNames).describe('Where to compute; auto: the fastest (default: cpu)'),
  threads: z
    .int()
    .min(1)
    .max(1024)
    .describe('Threads to compute with (default: as many as there are cores)'),
});

/**
 * ONNX Runtime for Node.js behind the engine port. In a worker thread it runs in a child process: `terminate()` cannot be
 * delayed, and ONNX Runtime aborts the whole process if its thread is torn down during a run.
 * @throws OPTION_INVALID; DEVICE_MISSING, on the first `load`
 */
export function onnxRuntimeEngine(options: EngineOptions = {}): Engine {
  checkOptions(engineOptionsSchema, options, 'the engine');
  const { device, threads } = options;
  if (device === 'auto') {
    return fasterEngine(describeRuntime(options), (device) =>
      onnxRuntimeEngine({ threads, device }),
    );
  }
  const placed = { threads, device };
  if (isMainThread) return onnxRuntimeHere(placed);
  return pooledEngine(describeRuntime(options), 1, (onAnswer) => openProcess(onAnswer, placed));
}

/**
 * An engine for many small runs of one graph, such as inspecting images: each run uses one core, and as many runs are done
 * at once as there are threads. Cores that share one image wait for each other at every layer; with one image per core
 * they do not, and the event loop stays free. With one thread, or on a device other than the CPU, this is
 * {@link onnxRuntimeEngine}. Its threads (child processes if called in a worker thread) end with its last session.
 * @throws DEVICE_MISSING, on the first `load`
 */
export function parallelEngine(options: EngineOptions = {}): Engine {
  const { threads = availableParallelism(), device = 'cpu' } = options;
  if (device === 'auto') {
    const open = (device: RealDevice) => parallelEngine({ threads, device });
    return { ...fasterEngine(describeRuntime(options), open), runsAtOnce: threads };
  }
  if (threads === 1 || device !== 'cpu') return onnxRuntimeEngine({ threads, device });
  const open = isMainThread
    ? openThread
    : (onAnswer: OnAnswer) => openProcess(onAnswer, { threads: 1 });
  return { ...pooledEngine(describeRuntime(options), threads, open), runsAtOnce: threads };
}
