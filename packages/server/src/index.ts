export { type ServerOptions, serverOptionsSchema } from './options.ts';
export { type RunningServer, serve } from './serve.ts';
