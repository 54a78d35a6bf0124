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
the clients of KServe and Triton Inference Server speak. /docs lists all routes.
Ctrl-C stops it once the requests that it has are answered.

Examples:
  $ bigrid serve --models models/
  $ curl --data-binary @part.png localhost:8000/v1/models/parts/inspect
  $ curl -T parts.onnx -X POST localhost:8000/v1/models/parts/versions`,
  );
  command.action((flags: ServerOptions) => run(flags, context));
}

async function run(options: ServerOptions, { signal }: Context): Promise<void> {
  const server = await serve(options);
  print(`Listening on ${server.url}`);
  if (server.firstKey !== undefined) {
    print(`Key of the first administrator, shown this once: ${server.firstKey}`);
  }
  say('Routes and a page to try them: /docs. Press Ctrl-C to stop.');
  if (!signal.aborted) await once(signal, 'abort');
  await server.close();
}
