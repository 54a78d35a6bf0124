export type * from './http-types.ts';
export {
  type ServerOptions,
  serverOptionsSchema,
  type WorkerOptions,
  workerOptionsSchema,
} from './options.ts';
export { type RunningServer, serve } from './serve.ts';
export { type RunningWorker, work } from './work.ts';
