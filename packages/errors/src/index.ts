export { BigridError, type ErrorCode, fail, isBigridError } from './error.ts';
export { type ErrorDefinition, errorRegistry } from './registry.ts';
