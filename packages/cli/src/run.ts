import { constants } from 'node:os';
import { BigridError, errorRegistry, isBigridError } from '@bigrid/errors';
import { CommanderError } from 'commander';
import { paint, say } from './output.ts';
import { inFlags, remedyOf } from './remedies.ts';

/** What every command receives in addition to its own arguments. */
export interface Context {
  /** Aborted by Ctrl-C, and when the reader of the output is gone. */
  readonly signal: AbortSignal;
}

/** The reason of the signal when the reader of the output is gone. */
export const outputGone = new Error('The reader of the output is gone');

/** Exit codes for errors outside the registry. */
const USAGE = errorRegistry.OPTION_INVALID.exitCode;
const INTERNAL = errorRegistry.ENGINE_FAILED.exitCode;
const UNWRITABLE = errorRegistry.OUTPUT_UNWRITABLE.exitCode;

/**
 * Runs a command and sets the exit code. Errors of the registry are printed with their code and remedy; usage errors
 * exit with 64, anything else is an internal error and exits with 70.
 */
export async function run(action: (context: Context) => Promise<unknown>): Promise<void> {
  const stopped = new AbortController();
  let interruptedBy: NodeJS.Signals | undefined;

  const interrupt = (signal: NodeJS.Signals) => {
    const exitCode = 128 + constants.signals[signal];
    if (interruptedBy !== undefined) process.exit(exitCode);
    interruptedBy = signal;
    say('', 'Stopping; press Ctrl-C again to stop immediately.');
    stopped.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);

  let unwritten = false;
  const failToWrite = async (stream: string, error: unknown) => {
    if (unwritten) return;
    unwritten = true;
    process.exitCode ||= UNWRITABLE;
    const { reasonOf } = await import('@bigrid/node/internal');
    const message = `Expected to write ${stream} but received: ${reasonOf(error)}`;
    report(new BigridError('OUTPUT_UNWRITABLE', message, { cause: error }));
  };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `bigrid inspect … | head`: the reader has seen enough, which is not an error.
    if (error.code !== 'EPIPE') void failToWrite('standard output', error);
    stopped.abort(outputGone);
  });
  // Work continues without messages, but does not exit as if all of them had been written.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') void failToWrite('standard error', error);
  });

  try {
    await action({ signal: stopped.signal });
  } catch (error) {
    const cancelled = isBigridError(error, 'CANCELLED');
    if (stopped.signal.reason === outputGone && (cancelled || unwritten)) return;
    const exitCode =
      cancelled && interruptedBy ? 128 + constants.signals[interruptedBy] : exitCodeOf(error);
    if (exitCode !== 0) process.exitCode = exitCode;
    report(error);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function exitCodeOf(error: unknown): number {
  if (isBigridError(error)) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  return INTERNAL;
}

function report(error: unknown): void {
  // Commander has already printed what is wrong.
  if (error instanceof CommanderError) return;
  const { code, message, remedy } = isBigridError(error)
    ? { code: error.code, message: inFlags(error.message), remedy: remedyOf(error) }
    : internal(error);
  say(`${paint(['red', 'bold'], `error ${code}`, process.stderr)}: ${message}`, `  ${remedy}`);
  if (process.env.DEBUG) say(String(error instanceof Error ? error.stack : error));
}

function internal(error: unknown): { code: string } & Pick<BigridError, 'message' | 'remedy'> {
  return {
    code: 'INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    remedy: process.env.DEBUG
      ? 'This is a bug in Bigrid: please report it with the lines below.'
      : 'This is a bug in Bigrid: please run it again with DEBUG=1 and report the output.',
  };
}
