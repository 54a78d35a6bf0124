import { fail } from '@bigrid/errors';
import { type Engine, type Session, type Tensor, type Tensors, tensor } from '@bigrid/graph';
import * as onnxruntime from 'onnxruntime-node';

export interface EngineOptions {
  /** Threads within one run. Default: as many as the machine has cores. */
  readonly threads?: number | undefined;
}

/** ONNX Runtime for Node.js behind the engine port. The only file that knows it. */
export function onnxRuntimeEngine(options: EngineOptions = {}): Engine {
  const threads = options.threads ?? 0;
  return {
    description: `onnxruntime-node ${onnxruntime.env.versions.node} (cpu)`,
    async load(model) {
      const session = await attempt('load a graph', () =>
        onnxruntime.InferenceSession.create(model, {
          executionProviders: ['cpu'],
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

class OnnxRuntimeSession implements Session {
  readonly #session: onnxruntime.InferenceSession;

  constructor(session: onnxruntime.InferenceSession) {
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
    });
  }
}

function toRuntime(value: Tensor): onnxruntime.Tensor {
  const made = new onnxruntime.Tensor(
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

function fromRuntime(value: onnxruntime.Tensor): Tensor {
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
