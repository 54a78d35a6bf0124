import { BigridError, isBigridError } from '@bigrid/errors';
import type { Failure } from './messages.ts';

/** An error as it is sent to the parent. @param task what failed, such as "inspect an image" */
export function failureOf(error: unknown, task: string): Failure {
  const known = isBigridError(error)
    ? error
    : new BigridError(
        'ENGINE_FAILED',
        `Expected to ${task} but received: ${error instanceof Error ? error.message : error}`,
      );
  return { code: known.code, message: known.message, remedy: known.remedy };
}

export function errorOf({ code, message, remedy }: Failure): BigridError {
  return new BigridError(code, message, { remedy });
}
