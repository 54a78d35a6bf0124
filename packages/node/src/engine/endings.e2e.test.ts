import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Graph, matMul, toModel } from '@bigrid/graph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../testing/endless-inference.ts', import.meta.url));

const SIDE = 768;

/** Keeps a core busy for a tenth of a second or more. */
function slowModel(): Uint8Array {
  const graph = new Graph('slow');
  const x = graph.input('x', 'float32', [SIDE, SIDE]);
  let y = x;
  for (let i = 0; i < 12; i++) y = matMul(y, x);
  graph.output('y', y);
  return toModel(graph);
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-endings-'));
  await writeFile(join(folder, 'slow.onnx'), slowModel());
});
afterAll(() => rm(folder, { recursive: true }));

/** The exit code, or the signal, that the program ended with. */
function endOf(engine: string, where: string, ending: string): Promise<unknown> {
  const words = [program, join(folder, 'slow.onnx'), `${SIDE}`, engine, where, ending];
  return new Promise((resolve) => {
    execFile(process.execPath, words, { timeout: 50_000 }, (error) =>
      resolve(error ? (error.signal ?? error.code) : 0),
    );
  });
}

describe('a program that ends while the engine infers', () => {
  it.each([
    ['parallel', 'main', 'exit', 3],
    ['parallel', 'main', 'exit in a signal', 130],
    ['parallel', 'main', 'signal', 'SIGTERM'],
    ['parallel', 'main', 'uncaught error', 1],
    ['parallel', 'main', 'unhandled rejection', 1],
    ['single', 'main', 'exit', 3],
    ['parallel', 'worker', 'exit', 3],
    ['parallel', 'worker', 'terminate', 4],
    ['single', 'worker', 'uncaught error', 1],
    ['single', 'worker', 'terminate', 4],
    ['single', 'worker itself', 'exit', 3],
    ['single', 'worker itself', 'uncaught error', 1],
  ])('%s, its %s thread, by %s: ends with %s', async (engine, where, ending, code) => {
    expect(await endOf(engine, where, ending)).toBe(code);
  });
});
