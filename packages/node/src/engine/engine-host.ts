import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ErrorCode } from '@bigrid/errors';
import { type Tensor, type Tensors, tensor, zeros } from '@bigrid/graph';
import { ExitGate, holdExit, releaseExit } from './exit-gate.ts';
import type { PlacedOptions } from './here.ts';

/** A request to a host: load a model, run a loaded one, or both; `end` is the last. */
export type Request = Work | 'end';

export interface Work {
  readonly session: number;
  readonly model?: Uint8Array | undefined;
  readonly inputs?: Tensors | undefined;
}

/** A thread returns the inputs, so that their buffers can be reused. */
export type Answer =
  | { readonly outputs: Tensors; readonly inputs?: Tensors | undefined }
  | { readonly code: ErrorCode; readonly message: string; readonly remedy: string };

export type OnAnswer = (answer: Answer) => void;

/** A thread or process that runs engine-worker.ts and answers requests in order. */
export interface Host {
  /** Copies the request: the caller keeps its tensors. */
  send(request: Request): void;
  /** Resolves when the host has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

/** Data passed to engine-worker.ts in a thread. */
export interface ThreadData {
  readonly gate: SharedArrayBuffer;
  readonly options: PlacedOptions;
}

const program = new URL(`./engine-worker${extname(import.meta.url)}`, import.meta.url);

/** Opens an engine in a thread of this process. Call it only from the main thread: see {@link ExitGate}. */
export function openThread(onAnswer: OnAnswer, options: PlacedOptions): Host {
  const gate = new ExitGate();
  const workerData: ThreadData = { gate: gate.memory, options };
  const worker = new Worker(program, { workerData });
  holdExit(gate);
  let spare: Tensors | undefined;
  worker.on('message', (answer: Answer) => {
    if ('outputs' in answer) spare = answer.inputs;
    onAnswer(answer);
  });
  const ended = new Promise((resolve) => worker.on('error', resolve).once('exit', resolve));
  return {
    send(request) {
      if (request === 'end') return worker.postMessage(request);
      const inputs = request.inputs && copyInto(spare, request.inputs);
      spare = undefined;
      worker.postMessage({ ...request, inputs } satisfies Work, buffersOf(inputs));
    },
    ended: ended.then(() => releaseExit(gate)),
  };
}

/** Opens an engine in a child process, which ends with this process or with the thread that opened it. */
export function openProcess(onAnswer: OnAnswer, { threads, device }: PlacedOptions): Host {
  const child = fork(
    fileURLToPath(program),
    [JSON.stringify({ threads, device } satisfies PlacedOptions)],
    {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  child.on('message', (answer) => onAnswer(answer as Answer));
  return {
    // A request that cannot be sent is answered by the end of the process.
    send: (request) => void child.send(request, () => {}),
    ended: new Promise((resolve) => {
      child.on('error', () => resolve()).once('exit', () => resolve());
    }),
  };
}

/**
 * Copies tensors before they are transferred, because the caller keeps its own; returned tensors are reused if they fit.
 * Buffers allocated per image would add up to hundreds of megabytes before they are collected. Uses the constructor
 * rather than `slice`, which returns a view for a Buffer.
 */
function copyInto(spare: Tensors | undefined, tensors: Tensors): Tensors {
  const copied = Object.entries(tensors).map(([name, { type, shape, data }]): [string, Tensor] => {
    const old = spare?.[name];
    const fits = old?.type === type && old.data.length === data.length;
    const copy = fits ? tensor(type, shape, old.data) : zeros(type, shape);
    // Data that the caller has transferred in the meantime are empty.
    tensor(type, shape, data);
    (copy.data as Uint8Array).set(data as Uint8Array);
    return [name, copy];
  });
  return Object.fromEntries(copied);
}

/** The buffers to transfer rather than copy. */
export function buffersOf(tensors: Tensors = {}): ArrayBuffer[] {
  const buffers = Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer);
  return [...new Set(buffers)];
}
