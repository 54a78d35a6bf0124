import { parentPort, workerData } from 'node:worker_threads';
import { isBigridError } from '@bigrid/errors';
import type { Engine, Session } from '@bigrid/graph';
import { type Answer, buffersOf, type Request, type ThreadData, type Work } from './engine-host.ts';
import { ExitGate } from './exit-gate.ts';
import { onnxRuntimeHere, type PlacedOptions } from './here.ts';

// The program of the threads and processes of engine-host.ts: runs graphs, one request at a time.

const options: PlacedOptions = parentPort
  ? (workerData as ThreadData).options
  : JSON.parse(process.argv[2] as string);
let engine: Engine | undefined;
const sessions = new Map<number, Promise<Session>>();

let turn = Promise.resolve();
const takeTurn = (work: () => Promise<void>) => {
  turn = turn.then(work);
};

if (parentPort) {
  const port = parentPort;
  const gate = new ExitGate((workerData as ThreadData).gate);
  port.on('message', (request: Request) =>
    takeTurn(() =>
      gate.pass(async () => {
        if (request === 'end') {
          await release();
          port.close();
          return;
        }
        const given = await answer(request);
        const buffers = 'outputs' in given ? buffersOf({ ...given.inputs, ...given.outputs }) : [];
        port.postMessage(given, buffers);
      }),
    ),
  );
} else {
  // Ctrl-C reaches every process of a terminal; the parent decides whether to stop.
  process.on('SIGINT', () => {}).on('SIGTERM', () => {});
  process.on('disconnect', () => process.exit());
  process.on('message', (request: Request) =>
    takeTurn(async () => {
      if (request === 'end') {
        await release();
        return process.disconnect();
      }
      const given = await answer(request);
      const answered = 'outputs' in given ? { outputs: given.outputs } : given;
      // If an answer cannot be sent, nothing is waiting for it.
      process.send?.(answered satisfies Answer, undefined, undefined, () => {});
    }),
  );
}

async function release(): Promise<void> {
  for (const session of await Promise.allSettled(sessions.values())) {
    if (session.status === 'fulfilled') await session.value.dispose();
  }
}

async function answer({ session: number, model, inputs }: Work): Promise<Answer> {
  try {
    // Inside `try`: an error such as a missing device is an answer.
    engine ??= onnxRuntimeHere(options);
    if (model) sessions.set(number, engine.load(model));
    const session = await (sessions.get(number) as Promise<Session>);
    return { outputs: inputs ? await session.run(inputs) : {}, inputs };
  } catch (error) {
    if (!isBigridError(error)) throw error;
    // Errors lose their class between threads.
    return { code: error.code, message: error.message, remedy: error.remedy };
  }
}
