import { createRequire } from 'node:module';
import { fail } from '@bigrid/errors';
import {
  type Engine,
  Graph,
  type Session,
  type Tensor,
  type Tensors,
  tensor,
  toModel,
} from '@bigrid/graph';
import type * as OnnxRuntime from 'onnxruntime-node';

const require = createRequire(import.meta.url);

// ONNX Runtime 1.29 and newer send telemetry to Microsoft and store a machine id in the home folder, unless this is set
// before the library loads (microsoft/onnxruntime#27379). Bigrid sends nothing; set it to 0 to enable telemetry. It is set
// on import because native code does not see the environment of a worker thread.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

/** The library, loaded on first use: a process whose engine runs elsewhere loads no native code. */
function library(): typeof OnnxRuntime {
  return require('onnxruntime-node');
}

/** Devices to compute on. Which of them work depends on the system and on the installed ONNX Runtime. */
export const deviceNames = ['cpu', 'cuda', 'webgpu', 'coreml', 'dml'] as const;
export type Device = (typeof deviceNames)[number];

export interface EngineOptions {
  /** Threads to compute with. Default: the number of cores. */
  readonly threads?: number | undefined;
  /** Device to compute on. Operators that it does not support run on the CPU. Default: `cpu`. */
  readonly device?: Device | undefined;
}

/** Name and version of the engine. */
export function describeRuntime({ device = 'cpu' }: EngineOptions): string {
  return `onnxruntime-node ${require('onnxruntime-node/package.json').version} (${device})`;
}

/**
 * ONNX Runtime in this thread, behind the engine port. This is the only file that imports it.
 * @throws DEVICE_MISSING, on the first `load` if the device is listed but does not work
 */
export function onnxRuntimeHere(options: EngineOptions): Engine {
  const { threads = 0, device = 'cpu' } = options;
  if (device !== 'cpu' && !availableDevices().includes(device)) missing(device);
  let checked: Promise<void> | undefined;
  return {
    description: describeRuntime(options),
    async load(model) {
      checked ??= device === 'cpu' ? Promise.resolve() : checkDevice(device);
      await checked;
      const session = await attempt('load a graph', () =>
        library().InferenceSession.create(model, {
          executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
          intraOpNumThreads: threads,
          interOpNumThreads: 1,
          executionMode: 'sequential',
          graphOptimizationLevel: 'all',
          logSeverityLevel: 3,
        }),
      );
      return new OnnxRuntimeSession(session);
    },
  };
}

/** Devices that the installed ONNX Runtime was built for; they may still not work. */
export function availableDevices(): string[] {
  const names = library()
    .listSupportedBackends()
    .map(({ name }) => name);
  return names.filter((name) => (deviceNames as readonly string[]).includes(name));
}

/**
 * Tries the device on a minimal graph without falling back to the CPU, to distinguish a missing device from a graph that it
 * rejects.
 */
async function checkDevice(device: Device): Promise<void> {
  const graph = new Graph('device');
  graph.output('same', graph.input('value', 'float32', [1]));
  try {
    const options = { executionProviders: [device], logSeverityLevel: 4 } as const;
    await (await library().InferenceSession.create(toModel(graph), options)).release();
  } catch (cause) {
    missing(device, cause);
  }
}

function missing(device: string, cause?: unknown): never {
  // ONNX Runtime puts its source location before the reason.
  const reason =
    cause instanceof Error ? `: ${cause.message.trim().replace(/^.* was false\. /s, '')}` : '';
  return fail(
    'DEVICE_MISSING',
    `Expected a device that works here (ONNX Runtime was built for ${availableDevices().join(', ')}) but received ${device}${reason}`,
    { cause },
  );
}

class OnnxRuntimeSession implements Session {
  readonly #session: OnnxRuntime.InferenceSession;

  constructor(session: OnnxRuntime.InferenceSession) {
    this.#session = session;
  }

  async run(inputs: Tensors, reuse: Tensors = {}): Promise<Tensors> {
    const feeds = mapValues(inputs, toRuntime);
    const fetches = Object.fromEntries(
      this.#session.outputNames.map((name) => {
        const target = reuse[name];
        return [name, target ? toRuntime(target) : null];
      }),
    );
    const outputs = await attempt('run a graph', () => this.#session.run(feeds, fetches));
    // A run blocks the event loop: yield to signals, timers and decoding.
    await new Promise((resolve) => setImmediate(resolve));
    return mapValues(outputs, (value, name) => reuse[name] ?? fromRuntime(value));
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

async function attempt<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return fail('ENGINE_FAILED', `Expected ONNX Runtime to ${what} but received: ${reason}`, {
      cause,
      // "Failed to allocate memory for requested buffer", "std::bad_alloc".
      ...(/alloc/i.test(reason) ? { remedy: NO_MEMORY } : {}),
    });
  }
}

const NO_MEMORY =
  'Not enough memory: close other programs, use fewer `threads`, or train at a smaller `size`.';

function toRuntime(value: Tensor): OnnxRuntime.Tensor {
  const made = new (library().Tensor)(
    value.type as 'float32',
    value.data as Float32Array,
    value.shape,
  );
  if (value.type === 'float16') {
    // On Node.js 24 the constructor converts the bits to Float16Array, which the native binding of onnxruntime-node 1.30
    // treats as empty ("not enough space: expected 8, got 0"); it accepts Uint16Array.
    Object.assign(made, { cpuData: value.data });
  }
  return made;
}

function fromRuntime(value: OnnxRuntime.Tensor): Tensor {
  const { data } = value;
  // On platforms with Float16Array, ONNX Runtime returns it; we keep the raw bits.
  const plain =
    value.type === 'float16'
      ? new Uint16Array((data as Uint16Array).buffer, (data as Uint16Array).byteOffset, data.length)
      : data;
  return tensor(value.type as 'float32', value.dims, plain as Float32Array);
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  change: (value: A, name: string) => B,
) {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, change(value, name)]),
  );
}
