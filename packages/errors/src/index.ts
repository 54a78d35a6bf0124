export { counted } from './counted.ts';
export { BigridError, type ErrorCode, fail, isBigridError } from './error.ts';
export { expectation, type Field, rangeOf } from './expectation.ts';
export { type ErrorDefinition, errorRegistry } from './registry.ts';
