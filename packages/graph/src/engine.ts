import type { Tensor } from './tensor.ts';

/** Named tensors: the inputs or outputs of a graph. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A graph that is ready to run. */
export interface Session {
  /**
   * Runs the graph once. Input tensors are only read; returned tensors belong to the caller.
   * `reuse` names outputs that the engine may write into the given tensors' memory instead of new memory;
   * such a tensor must not be among the inputs of the same run.
   * @throws ENGINE_FAILED
   */
  run(inputs: Tensors, reuse?: Tensors): Promise<Tensors>;
  /** Frees what the engine holds for this graph. The session must not be used afterwards. */
  dispose(): Promise<void>;
}

/** The port to whatever runs ONNX graphs. The `node` and `web` packages implement it. */
export interface Engine {
  /** Name and version, such as `onnxruntime-node 1.30.0 (cpu, 2 threads)`. */
  readonly description: string;
  /** How many runs it executes at a time. Default: 1. */
  readonly runsAtOnce?: number;
  /** Loads a serialised ONNX model. @throws ENGINE_FAILED */
  load(model: Uint8Array): Promise<Session>;
}
