import { type ChildProcess, fork } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Megabytes of each half of the space for new objects. V8 lets it grow under load, until memory of decoded images that
 * nobody needs any more adds up to 70 MB in each process; smaller, it is freed sooner, in no more time.
 */
const YOUNG = 4;

/**
 * Starts a program of this folder in a process of its own.
 * @param name of its file, without extension
 * @param argument passed as JSON in its only argument
 */
export function forkWorker(name: string, argument?: object): ChildProcess {
  const program = new URL(`./${name}${extname(import.meta.url)}`, import.meta.url);
  return fork(fileURLToPath(program), argument === undefined ? [] : [JSON.stringify(argument)], {
    execArgv: [`--max-semi-space-size=${YOUNG}`],
    // Compiled code that the command line keeps makes a process start sooner.
    env: { ...process.env, NODE_COMPILE_CACHE: getCompileCacheDir() },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** Called in a worker process: it ends with its parent. */
export function endWithParent(): void {
  // Ctrl-C reaches every process of a terminal; the parent decides when to stop.
  process.on('SIGINT', () => {}).on('SIGTERM', () => {});
  process.on('disconnect', () => process.exit());
}
