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

/** A graph whose outputs `next/NAME` are its inputs NAME in the next run, such as weights in training. */
export interface Loop {
  /**
   * Runs the graph once.
   * @param inputs all that are not values of the loop
   * @returns outputs that are not values of the loop
   * @throws ENGINE_FAILED
   */
  run(inputs: Tensors): Promise<Tensors>;
  /** The current values by NAME, unchanged until the next run. @throws ENGINE_FAILED */
  values(): Promise<Tensors>;
  /** Frees what the engine holds for this graph. The loop must not be used afterwards. */
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
  /**
   * Loads a model as a loop whose values stay in the memory of a device. Use it through `openLoop`, which is there for
   * engines without it too.
   * @param values before the first run; only read
   * @throws ENGINE_FAILED
   */
  loop?(model: Uint8Array, values: Tensors): Promise<Loop>;
}
