import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ErrorCode } from '@bigrid/errors';
import { type Tensor, type Tensors, tensor, zeros } from '@bigrid/graph';
import { ExitGate, holdExit, releaseExit } from './exit-gate.ts';
import type { EngineOptions } from './onnx-runtime.ts';

/** What a host is asked: to load a model, to run what it has loaded, or one after the other; `end` is the last. */
export type Request = Work | 'end';

export interface Work {
  readonly session: number;
  readonly model?: Uint8Array | undefined;
  readonly inputs?: Tensors | undefined;
}

/** A thread gives inputs back, for the next ones of their size. */
export type Answer =
  | { readonly outputs: Tensors; readonly inputs?: Tensors | undefined }
  | { readonly code: ErrorCode; readonly message: string; readonly remedy: string };

export type OnAnswer = (answer: Answer) => void;

/** A thread or a process that runs engine-worker.ts, and answers one request after the other. */
export interface Host {
  /** What it is given stays the caller's. */
  send(request: Request): void;
  /** Resolves when it has ended, whatever it ended of. */
  readonly ended: Promise<void>;
}

/** What engine-worker.ts is told where it runs in a thread. */
export interface ThreadData {
  readonly gate: SharedArrayBuffer;
}

const program = new URL(`./engine-worker${extname(import.meta.url)}`, import.meta.url);

/** An engine in a thread of this process, which has to be its main thread's: see {@link ExitGate}. */
export function openThread(onAnswer: OnAnswer): Host {
  const gate = new ExitGate();
  const workerData: ThreadData = { gate: gate.memory };
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

/** An engine in a process of its own, which ends when this one does, or the thread that opened it. */
export function openProcess(onAnswer: OnAnswer, { threads, device }: EngineOptions): Host {
  const child = fork(
    fileURLToPath(program),
    [JSON.stringify({ threads, device } satisfies EngineOptions)],
    {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  child.on('message', (answer) => onAnswer(answer as Answer));
  return {
    // What cannot be sent any more is heard of by its end.
    send: (request) => void child.send(request, () => {}),
    ended: new Promise((resolve) => {
      child.on('error', () => resolve()).once('exit', () => resolve());
    }),
  };
}

/**
 * Copies tensors that are to be handed over, for the caller keeps its own: into those that came back where they fit. What
 * threads make anew for each image grows to hundreds of megabytes before anything collects it. Made of the type and not
 * with `slice`, which gives a view where the data are a Buffer.
 */
function copyInto(spare: Tensors | undefined, tensors: Tensors): Tensors {
  const copied = Object.entries(tensors).map(([name, { type, shape, data }]): [string, Tensor] => {
    const old = spare?.[name];
    const fits = old?.type === type && old.data.length === data.length;
    const copy = fits ? tensor(type, shape, old.data) : zeros(type, shape);
    // Data that the caller has transferred elsewhere meanwhile are empty.
    tensor(type, shape, data);
    (copy.data as Uint8Array).set(data as Uint8Array);
    return [name, copy];
  });
  return Object.fromEntries(copied);
}

/** What to hand over instead of copying it. */
export function buffersOf(tensors: Tensors = {}): ArrayBuffer[] {
  const buffers = Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer);
  return [...new Set(buffers)];
}
