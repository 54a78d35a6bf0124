import { type ServerOptions, serverOptionsSchema } from '@bigrid/server';
import type { Command } from 'commander';
import open from 'open';
import { addFlags, fieldsOf } from '../flags.ts';
import { say } from '../output.ts';
import type { Context } from '../run.ts';
import { runServer } from './serve.ts';

export function define(command: Command, context: Context): void {
  addFlags(command, fieldsOf(serverOptionsSchema)).addHelpText(
    'after',
    `
The studio is the page of the server: collect images, train, choose a threshold
and inspect, without a terminal. Ctrl-C stops it; all that it has stays in the
data folder, for the next time or for bigrid serve.

Examples:
  $ bigrid studio
  $ bigrid studio --data line-3 --port 8080`,
  );
  command.action((options: ServerOptions) => runServer(options, context, show));
}

/** Opens the browser of the system. Where there is none, the address is enough. */
async function show(url: string): Promise<void> {
  const browser = await open(url).catch(() => undefined);
  browser?.once('error', () => say(`No browser could be opened: open ${url} yourself.`));
  if (!browser) say(`No browser could be opened: open ${url} yourself.`);
}
