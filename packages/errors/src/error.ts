import { errorRegistry } from './registry.ts';

export type ErrorCode = keyof typeof errorRegistry;

export interface BigridErrorOptions extends ErrorOptions {
  /** What to do in this case, in one sentence, where the registry's remedy does not fit. */
  readonly remedy?: string | undefined;
}

/** An error from the registry: what happened (`message`), which one it is (`code`), what to do (`remedy`). */
export class BigridError extends Error {
  override readonly name = 'BigridError';
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly exitCode: number;
  readonly httpStatus: number;

  constructor(code: ErrorCode, message: string, options?: BigridErrorOptions) {
    super(message, options);
    const definition = errorRegistry[code];
    this.code = code;
    this.remedy = options?.remedy ?? definition.remedy;
    this.exitCode = definition.exitCode;
    this.httpStatus = definition.httpStatus;
  }
}

/** Throws a {@link BigridError}. Wording: "Expected X for Y but received Z". */
export function fail(code: ErrorCode, message: string, options?: BigridErrorOptions): never {
  throw new BigridError(code, message, options);
}

export function isBigridError(error: unknown, code?: ErrorCode): error is BigridError {
  return error instanceof BigridError && (code === undefined || error.code === code);
}
