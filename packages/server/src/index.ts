export type * from './http-types.ts';
export { type ServerOptions, serverOptionsSchema } from './options.ts';
export { type RunningServer, serve } from './serve.ts';
