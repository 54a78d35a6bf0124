/** The registry's entry for one error. */
export interface ErrorDefinition {
  /** When it is raised, for the documentation. */
  readonly when: string;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  /** Exit code of the command line. */
  readonly exitCode: number;
  /** Status of the HTTP response. */
  readonly httpStatus: number;
}

/**
 * Exit codes follow sysexits.h where it has a matching one; 1 means "some images failed", 2 and 3 are findings that the
 * caller asked to be told about.
 */
export const usage = { exitCode: 64, httpStatus: 400 };
export const badData = { exitCode: 65, httpStatus: 422 };
export const missing = { exitCode: 66, httpStatus: 404 };
export const internal = { exitCode: 70, httpStatus: 500 };
export const unwritable = { exitCode: 73, httpStatus: 507 };
