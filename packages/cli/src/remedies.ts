import { type BigridError, type ErrorCode, errorRegistry } from '@bigrid/errors';
import { kebabCase } from './kebab-case.ts';

/** Remedies for the command line, where those of the registry address callers of the API. */
const remedies: Partial<Record<ErrorCode, string>> = {
  OPTION_INVALID: 'Give what the message expects; `--help` lists all options and their values.',
  BUNDLE_INVALID:
    'Name the .onnx file that `bigrid train` wrote; if it is that file, it is damaged: copy it again, or train again.',
  LOG_INVALID:
    'Name a file that `bigrid inspect --log` wrote, or a new one: this one was not changed.',
  REPLAY_MISSING:
    'Put the folder back next to the model file or name it with `--replay DIR`; or train again, or continue with `bigrid train --from` on old and new images together.',
  THRESHOLD_UNSUPPORTED:
    'Run `bigrid calibrate` on a folder with what the message asks for, or choose another rule.',
  DRIFT_UNSUPPORTED: 'Inspect more images with `--log`.',
};

/** Options that messages of the library name in backticks. */
const options = new Set([
  'allowSuspect',
  'backbone',
  'backboneDeviation',
  'backboneMean',
  'device',
  'out',
  'queue',
  'resume',
  's3Root',
  'size',
  'store',
  'taps',
  'threads',
  'unsure',
  'webhook',
]);

/** Functions that messages from below the command line name in backticks, as commands. */
const commands = new Map([
  ['calibrate', '`bigrid calibrate FILE DIR --out FILE`'],
  ['checkMachine', '`bigrid doctor`'],
]);

/** The text with options as flags, `` `s3Root` `` as `--s3-root`, and functions as commands. */
export function inFlags(text: string): string {
  return text.replaceAll(/`(\w+)`/g, (whole, name: string) =>
    options.has(name) ? `--${kebabCase(name)}` : (commands.get(name) ?? whole),
  );
}

/** What a user of the command line can do about an error. */
export function remedyOf({ code, remedy }: Pick<BigridError, 'code' | 'remedy'>): string {
  const own = remedy === errorRegistry[code].remedy ? remedies[code] : undefined;
  return own ?? inFlags(remedy);
}
