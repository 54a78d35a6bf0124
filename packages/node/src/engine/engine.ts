import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import type { Engine } from '@bigrid/graph';
import { checkOptions, type TrainingEngines } from '@bigrid/inspect';
import { z } from 'zod';
import { optional } from '../files/option-schemas.ts';
import { deviceNames, type RealDevice } from './devices.ts';
import { openProcess, openThread } from './engine-host.ts';
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
 * at once as there are threads, or four on CUDA. Cores that share one image wait for each other at every layer; with one image
 * per core they do not, and the event loop stays free. With one thread, or on another device, this is
 * {@link onnxRuntimeEngine}: threads that share a WebGPU adapter crash, and processes that do gain little. Its threads (child
 * processes if called in a worker thread) end with its last session.
 * @throws DEVICE_MISSING, on the first `load`
 */
export function parallelEngine(options: EngineOptions = {}): Engine {
  const { threads = availableParallelism(), device = 'cpu' } = options;
  if (device === 'auto') {
    const open = (device: RealDevice) => parallelEngine({ threads, device });
    return { ...fasterEngine(describeRuntime(options), open), runsAtOnce: threads };
  }
  const runsAtOnce = runsAtOnceOn(device, threads);
  if (runsAtOnce === 1) return onnxRuntimeEngine({ threads, device });
  const open = isMainThread ? openThread : openProcess;
  const pool = pooledEngine(describeRuntime(options), runsAtOnce, (onAnswer) =>
    open(onAnswer, { threads: 1, device }),
  );
  return { ...pool, runsAtOnce };
}

/**
 * Graphs of fewer bytes are run on the processor in training, whatever the device: to start their programs for one image takes a
 * device longer than a core needs for all of it. The embedded network has 5 MB, DINOv2 ViT-S 90 MB.
 */
const SMALL_GRAPH = 2 ** 24;

/** The engines of a training: on a device, its steps, and networks that are large. @throws as {@link onnxRuntimeEngine} */
export function trainingEngines(options: EngineOptions): TrainingEngines {
  const engine = onnxRuntimeEngine(options);
  const { threads, device = 'cpu' } = options;
  const processor = parallelEngine({ threads });
  if (device === 'cpu') return { engine, imageEngine: processor };
  const large = parallelEngine(options);
  const imageEngine: Engine = {
    ...processor,
    load: (model) => (model.length < SMALL_GRAPH ? processor : large).load(model),
  };
  if (device !== 'auto') return { engine, imageEngine };
  // What runs once is not worth to be measured.
  const { load } = onnxRuntimeEngine({ threads });
  return { engine: { ...engine, load }, imageEngine };
}

/** Most runs at once on CUDA: one at a time leaves it idle for most of the time, and more than four gain little. */
const MOST_ON_CUDA = 4;

function runsAtOnceOn(device: RealDevice, threads: number): number {
  switch (device) {
    case 'cpu':
      return threads;
    case 'cuda':
      return Math.min(threads, MOST_ON_CUDA);
    default:
      return 1;
  }
}
