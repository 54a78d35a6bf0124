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

// ONNX Runtime 1.29 and newer report their use to Microsoft and keep a number for the machine in the home folder, unless
// this is set before the library loads (microsoft/onnxruntime#27379). Bigrid sends nothing to anybody; whoever wants to
// report sets it to 0. Not set by whoever loads it: native code does not see the environment of a worker thread.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

/** The library, loaded when it is first needed: whoever has its engine run elsewhere loads no native code. */
function library(): typeof OnnxRuntime {
  return require('onnxruntime-node');
}

/** Where a graph can be computed. Which of them are there depends on the system and on what is installed. */
export const deviceNames = ['cpu', 'cuda', 'webgpu', 'coreml', 'dml'] as const;
export type Device = (typeof deviceNames)[number];

export interface EngineOptions {
  /** Threads within one run. Default: as many as the machine has cores. */
  readonly threads?: number | undefined;
  /** Where to compute. Operators that the device lacks run on the processor. Default: `cpu`. */
  readonly device?: Device | undefined;
}

/** Names the engine and its version. */
export function describeRuntime({ device = 'cpu' }: EngineOptions): string {
  return `onnxruntime-node ${require('onnxruntime-node/package.json').version} (${device})`;
}

/**
 * ONNX Runtime in this thread, behind the engine port. The only file that knows it.
 * @throws DEVICE_MISSING, from the first `load` where the device is listed but cannot be used
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

/** What the installed ONNX Runtime was built for; whether it works is seen when it is tried. */
export function availableDevices(): string[] {
  const names = library()
    .listSupportedBackends()
    .map(({ name }) => name);
  return names.filter((name) => (deviceNames as readonly string[]).includes(name));
}

/**
 * Tries the device on the smallest graph, without the processor to fall back on. So a device that is missing is
 * told from a graph that it refuses.
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
  // ONNX Runtime puts the place in its source before the reason.
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
    // A run blocks the event loop; this turn lets signals, timers and decoding have theirs.
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
  'There was too little memory: close other programs, use fewer `threads`, or train on smaller images (`size`).';

function toRuntime(value: Tensor): OnnxRuntime.Tensor {
  const made = new (library().Tensor)(
    value.type as 'float32',
    value.data as Float32Array,
    value.shape,
  );
  if (value.type === 'float16') {
    // On Node.js 24 the constructor rewraps the bits as Float16Array, of which the native binding of
    // onnxruntime-node 1.30 sees no bytes ("not enough space: expected 8, got 0"); it does take Uint16Array.
    Object.assign(made, { cpuData: value.data });
  }
  return made;
}

function fromRuntime(value: OnnxRuntime.Tensor): Tensor {
  const { data } = value;
  // Where the platform has Float16Array, ONNX Runtime returns it; we keep the raw bits.
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
