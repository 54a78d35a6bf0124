import { isBigridError } from '@bigrid/errors';

/** One thing that was looked at. */
export interface Finding {
  /** `ok`; `note`, worth knowing and nothing that has to be done; `fix`, something that must be put right. */
  readonly level: 'ok' | 'note' | 'fix';
  /** What was looked at, a word or two. */
  readonly check: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string | undefined;
  /** Which images; groups of them, where they belong together. */
  readonly paths?: readonly (readonly string[])[] | undefined;
}

/** What `bigrid doctor` says of a machine, a bundle or a data folder. */
export interface Diagnosis {
  readonly subject: 'machine' | 'bundle' | 'data';
  /** Names and values that need no judgement. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly findings: readonly Finding[];
}

/** What an error of the registry says, as a finding; any other error is thrown on. */
export function findingOf(check: string, error: unknown): Finding {
  if (!isBigridError(error)) throw error;
  return { level: 'fix', check, message: `${error.code}: ${error.message}`, remedy: error.remedy };
}
