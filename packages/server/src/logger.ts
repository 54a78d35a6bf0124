import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { ServerOptions } from './options.ts';

/** Headers of requests that carry keys; the log leaves them out. */
const secretHeaders = ['authorization', 'cookie'];

/** The log on standard error: lines of JSON, unless a person reads them. */
export function createLogger(level: ServerOptions['logLevel']): Logger {
  return pino(
    { level, redact: secretHeaders.flatMap((name) => [`headers.${name}`, `req.headers.${name}`]) },
    process.stderr.isTTY ? pretty({ destination: 2 }) : process.stderr,
  );
}
