import { parentPort } from 'node:worker_threads';
import { isBigridError } from '@bigrid/errors';
import type { Session } from '@bigrid/graph';
import { onnxRuntimeEngine } from './engine.ts';
import { type Answer, buffersOf, type Request, type Work } from './parallel-engine.ts';

// One of the threads of parallel-engine.ts: runs graphs on one core, one request after the other.

const engine = onnxRuntimeEngine({ threads: 1 });
const sessions = new Map<number, Promise<Session>>();

let turn = Promise.resolve();
parentPort?.on('message', (request: Request) => {
  turn = turn.then(async () => {
    if (request === 'end') await end();
    else hand(await answer(request));
  });
});

async function end(): Promise<void> {
  for (const session of await Promise.allSettled(sessions.values())) {
    if (session.status === 'fulfilled') await session.value.dispose();
  }
  parentPort?.close();
}

function hand(given: Answer): void {
  parentPort?.postMessage(
    given,
    'code' in given ? [] : buffersOf({ ...given.inputs, ...given.outputs }),
  );
}

async function answer({ session: number, model, inputs }: Work): Promise<Answer> {
  try {
    if (model) sessions.set(number, engine.load(model));
    const session = await (sessions.get(number) as Promise<Session>);
    return { outputs: inputs ? await session.run(inputs) : {}, inputs };
  } catch (error) {
    if (!isBigridError(error)) throw error;
    // The class of an error does not pass from thread to thread.
    return { code: error.code, message: error.message };
  }
}
