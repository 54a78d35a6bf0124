import { once } from 'node:events';
import { type ServerOptions, serve, serverOptionsSchema } from '@bigrid/server';
import type { Command } from 'commander';
import { addFlags, fieldsOf } from '../flags.ts';
import { print, say } from '../output.ts';
import type { Context } from '../run.ts';

export function define(command: Command, context: Context): void {
  addFlags(command, fieldsOf(serverOptionsSchema)).addHelpText(
    'after',
    `
Models, inspections and jobs over HTTP, with the Open Inference Protocol that
the clients of KServe and Triton Inference Server speak. The studio, a page for
all of it, is at /, and /docs lists all routes.
Ctrl-C stops it once the requests that it has are answered.

Examples:
  $ bigrid serve --models models/
  $ curl --data-binary @part.png localhost:8000/v1/models/parts/inspect
  $ curl -T parts.onnx -X POST localhost:8000/v1/models/parts/versions`,
  );
  command.action((options: ServerOptions) => runServer(options, context));
}

/**
 * Runs a server until the command is interrupted.
 * @param onListening is called with where it listens
 */
export async function runServer(
  options: ServerOptions,
  { signal }: Context,
  onListening: (url: string) => Promise<void> = async () => {},
): Promise<void> {
  const server = await serve(options);
  print(`Listening on ${server.url}`);
  if (server.firstKey !== undefined) {
    print(`Key of the first administrator, shown this once: ${server.firstKey}`);
  }
  say('The studio is at /, a page to try all routes at /docs. Press Ctrl-C to stop.');
  await onListening(server.url);
  if (!signal.aborted) await once(signal, 'abort');
  await server.close();
}
