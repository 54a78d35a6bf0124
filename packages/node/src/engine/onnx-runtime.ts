import { createRequire } from 'node:module';
import { fail } from '@bigrid/errors';
import {
  Graph,
  type Loop,
  NEXT,
  type Session,
  type Tensor,
  type Tensors,
  tensor,
  toModel,
} from '@bigrid/graph';
import type * as OnnxRuntime from 'onnxruntime-node';
import { type Placement, settingsFor } from './session-settings.ts';

// This is the only file that loads ONNX Runtime.

const require = createRequire(import.meta.url);

// ONNX Runtime 1.29 and newer send telemetry to Microsoft and store a machine id in the home folder, unless this is set
// before the library loads (microsoft/onnxruntime#27379). Bigrid sends nothing; set it to 0 to enable telemetry. It is set
// on import because native code does not see the environment of a worker thread.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

// In its default TF32, an NVIDIA GPU rounds the inputs of matrix products to 11 bits: scores then differ from those of the
// processor by 5e-4 of their size, and training is no faster. Set it to 1 to allow that.
process.env.NVIDIA_TF32_OVERRIDE ??= '0';

/** The library, loaded on first use: a process whose engine runs elsewhere loads no native code. */
function library(): typeof OnnxRuntime {
  const loaded: typeof OnnxRuntime = require('onnxruntime-node');
  // Whatever it logs as an error it also throws, and that is reported once, in our words.
  loaded.env.logLevel = 'fatal';
  return loaded;
}

/** The same level for a session. */
const FATAL = 4;

/** Name and version of the library. */
export function runtimeVersion(): string {
  return `onnxruntime-node ${require('onnxruntime-node/package.json').version}`;
}

/** Devices that the installed library was built for, by its own names; they may still not work. */
export function builtInDevices(): string[] {
  return library()
    .listSupportedBackends()
    .map(({ name }) => name);
}

/** Loads a graph. Nodes that the device lacks, or fails on, run on the processor. @throws ENGINE_FAILED */
export async function loadSession(model: Uint8Array, placement: Placement): Promise<Session> {
  return new OnnxRuntimeSession(await createSession(model, placement));
}

/**
 * Loads a graph as a loop whose values stay in the buffers of a WebGPU adapter: they are as large as the features of a step,
 * and each takes a transfer of its own.
 * @throws ENGINE_FAILED
 */
export async function loadLoop(
  model: Uint8Array,
  placement: Placement,
  values: Tensors,
): Promise<Loop> {
  const names = Object.keys(values);
  const inBuffers = Object.fromEntries(names.map((name) => [NEXT + name, 'gpu-buffer'] as const));
  const step = await createSession(model, placement, inBuffers);
  return new BufferLoop(step, mapValues(values, toRuntime), () =>
    createSession(copyOf(values), placement),
  );
}

/** A graph that copies each value NAME to `next/NAME`: the way from a buffer to memory in onnxruntime-node 1.30. */
function copyOf(values: Tensors): Uint8Array {
  const graph = new Graph('copy');
  for (const [name, { type, shape }] of Object.entries(values)) {
    graph.output(NEXT + name, graph.input(name, type, shape));
  }
  return toModel(graph);
}

type Locations = Readonly<Record<string, 'gpu-buffer'>>;

/** @param locations of outputs that are to stay on the device. Default: none */
async function createSession(model: Uint8Array, placement: Placement, locations?: Locations) {
  if (placement.device === 'webgpu') {
    keeper ??= openKeeper();
    await keeper;
  }
  return attempt('load a graph', () =>
    library().InferenceSession.create(model, {
      ...settingsFor(model, placement),
      ...(locations && { preferredOutputLocation: locations }),
      intraOpNumThreads: placement.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: FATAL,
    }),
  );
}

let keeper: Promise<void> | undefined;

/**
 * Opens a session that stays open until the process ends. With its last session the WebGPU provider discards the programs
 * that it compiled, and compiling them again for each fold takes most of the time of a training.
 */
async function openKeeper(): Promise<void> {
  const graph = new Graph('keeper');
  graph.output('same', graph.input('value', 'float32', [1]));
  const options = { executionProviders: ['webgpu'], logSeverityLevel: FATAL } as const;
  const session = await library().InferenceSession.create(toModel(graph), options);
  // It is released by the time that the call returns.
  process.once('exit', () => void session.release());
}

/** Runs a graph once on a device. @throws Error as the library does */
export async function runOnDevice(
  device: string,
  model: Uint8Array,
  inputs: Tensors,
): Promise<Tensors> {
  const options = { executionProviders: [device], logSeverityLevel: FATAL } as const;
  const session = await library().InferenceSession.create(model, options);
  try {
    return mapValues(await session.run(mapValues(inputs, toRuntime)), fromRuntime);
  } finally {
    await session.release();
  }
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

type Buffers = Readonly<Record<string, OnnxRuntime.Tensor>>;

class BufferLoop implements Loop {
  readonly #step: OnnxRuntime.InferenceSession;
  readonly #openCopy: () => Promise<OnnxRuntime.InferenceSession>;
  #copy: Promise<OnnxRuntime.InferenceSession> | undefined;
  /** In memory before the first run, and in buffers since. */
  #current: Buffers;

  constructor(
    step: OnnxRuntime.InferenceSession,
    values: Buffers,
    openCopy: () => Promise<OnnxRuntime.InferenceSession>,
  ) {
    this.#step = step;
    this.#current = values;
    this.#openCopy = openCopy;
  }

  async run(inputs: Tensors): Promise<Tensors> {
    const feeds = { ...this.#current, ...mapValues(inputs, toRuntime) };
    const outputs = await attempt('run a graph', () => this.#step.run(feeds));
    this.#release();
    this.#current = mapValues(
      this.#current,
      (_, name) => outputs[NEXT + name] as OnnxRuntime.Tensor,
    );
    await new Promise((resolve) => setImmediate(resolve));
    const others = Object.entries(outputs).filter(([name]) => !name.startsWith(NEXT));
    return mapValues(Object.fromEntries(others), fromRuntime);
  }

  async values(): Promise<Tensors> {
    this.#copy ??= this.#openCopy();
    const copy = await this.#copy;
    const copies = await attempt('read values', () => copy.run(this.#current));
    return mapValues(this.#current, (_, name) =>
      fromRuntime(copies[NEXT + name] as OnnxRuntime.Tensor),
    );
  }

  #release(): void {
    for (const buffer of Object.values(this.#current)) buffer.dispose();
  }

  async dispose(): Promise<void> {
    this.#release();
    await (await this.#copy)?.release();
    await this.#step.release();
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
