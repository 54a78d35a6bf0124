import type { Tensor } from './tensor.ts';

/** Named tensors, as a graph takes and returns them. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A graph made ready to run. */
export interface Session {
  /**
   * Runs the graph once. Tensors given are only read, tensors returned belong to the caller.
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
  /** How many runs it does at a time; 1 where it does not say. */
  readonly runsAtOnce?: number;
  /** Loads a serialised ONNX model. @throws ENGINE_FAILED */
  load(model: Uint8Array): Promise<Session>;
}
