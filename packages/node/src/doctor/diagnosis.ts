import { isBigridError } from '@bigrid/errors';

/** The result of one check. */
export interface Finding {
  /** `ok`; `note`: worth knowing, no action needed; `fix`: must be corrected. */
  readonly level: 'ok' | 'note' | 'fix';
  /** What was checked, in one or two words. */
  readonly check: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string | undefined;
  /** Paths of the images concerned, grouped where they belong together. */
  readonly paths?: readonly (readonly string[])[] | undefined;
}

/** The findings on a machine, a model file or a data folder. */
export interface Diagnosis {
  readonly subject: 'machine' | 'bundle' | 'data';
  /** Names and values, for information only. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly findings: readonly Finding[];
}

/** Turns an error of the registry into a finding; rethrows any other error. */
export function findingOf(check: string, error: unknown): Finding {
  if (!isBigridError(error)) throw error;
  return { level: 'fix', check, message: `${error.code}: ${error.message}`, remedy: error.remedy };
}
