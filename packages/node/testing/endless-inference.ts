// A program that infers without end until it ends in the way asked for: MODEL SIDE ENGINE WHERE ENDING, with a model of a square matrix.

import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { zeros } from '@bigrid/graph';
import { onnxRuntimeEngine, parallelEngine } from '../src/engine/engine.ts';

const [model = '', side, engineName, where, ending = ''] = process.argv.slice(2);

const endings: Readonly<Record<string, (workers: readonly Worker[]) => void>> = {
  exit: () => process.exit(3),
  'exit in a signal': () => {
    process.once('SIGINT', () => process.exit(130));
    process.kill(process.pid, 'SIGINT');
  },
  signal: () => process.kill(process.pid, 'SIGTERM'),
  'uncaught error': () => {
    throw new Error('uncaught');
  },
  'unhandled rejection': () => void Promise.reject(new Error('unhandled')),
  terminate: async (workers) => {
    await Promise.all(workers.map((worker) => worker.terminate()));
    process.exitCode = 4;
  },
};

/** Resolves when the first run is done; others never end. */
async function inferForever(): Promise<void> {
  const open = engineName === 'parallel' ? parallelEngine : onnxRuntimeEngine;
  const session = await open({ threads: 2 }).load(readFileSync(model));
  const inputs = { x: zeros('float32', [Number(side), Number(side)]) };
  await session.run(inputs);
  for (let i = 0; i < 3; i++) {
    (async () => {
      for (;;) await session.run(inputs);
    })();
  }
}

/** In the midst of a run, most likely. */
async function endSoon(workers: readonly Worker[] = []): Promise<void> {
  await setTimeout(20 + 60 * Math.random());
  // Outside of this promise: an error has to be uncaught.
  setImmediate(() => endings[ending]?.(workers));
}

if (!isMainThread) {
  await inferForever();
  parentPort?.postMessage('busy');
  if (where === 'worker itself') await endSoon();
} else if (where === 'main') {
  await inferForever();
  await endSoon();
} else {
  const workers = [1, 2].map(
    () => new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }),
  );
  const ended = workers.map((worker) => new Promise<number>((done) => worker.once('exit', done)));
  await Promise.all(workers.map((worker) => new Promise((done) => worker.once('message', done))));
  if (where === 'worker') await endSoon(workers);
  else process.exitCode = Math.max(...(await Promise.all(ended)));
}
