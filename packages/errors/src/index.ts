export { counted } from './counted.ts';
export type { ErrorDefinition } from './definition.ts';
export { BigridError, type ErrorCode, fail, isBigridError } from './error.ts';
export { expectation, type Field, rangeOf } from './expectation.ts';
export { errorRegistry } from './registry.ts';
