import { describe, expect, it } from 'vitest';
import { BigridError, type ErrorCode, errorRegistry, fail, isBigridError } from './index.ts';

const entries = Object.entries(errorRegistry);

describe('errorRegistry', () => {
  it.each(entries)('%s has a cause, a remedy and codes for programs', (code, definition) => {
    expect(code).toMatch(/^[A-Z][A-Z\d]*(_[A-Z]+)+$|^CANCELLED$/);
    expect(definition.when).toMatch(/^[A-Z].*\.$/);
    expect(definition.remedy).toMatch(/^[A-Z].*\.$/);
    expect(definition.exitCode).toBeGreaterThan(0);
    expect(definition.exitCode).toBeLessThan(256);
    expect(definition.httpStatus === 207 || definition.httpStatus >= 400).toBe(true);
  });
});

describe('BigridError', () => {
  it.each(entries)('%s carries what the registry says, and its cause', (code, definition) => {
    const cause = new Error('below');
    const error = new BigridError(code as ErrorCode, 'a message', { cause });
    const { remedy, exitCode, httpStatus } = definition;
    expect(error).toMatchObject({ name: 'BigridError', code, remedy, exitCode, httpStatus, cause });
    expect(error.message).toBe('a message');
  });

  it('carries its own remedy if one is given', () => {
    const error = new BigridError('PATH_UNREADABLE', '', { remedy: 'Name a file.' });
    expect(error.remedy).toBe('Name a file.');
    expect(new BigridError('PATH_UNREADABLE', '', { remedy: undefined }).remedy).toMatch(/./);
  });

  it('is recognised among other errors and by its code', () => {
    const error = new BigridError('DATA_EMPTY', '');
    expect(isBigridError(error)).toBe(true);
    expect(isBigridError(error, 'DATA_EMPTY')).toBe(true);
    expect(isBigridError(error, 'DATA_NO_GOOD')).toBe(false);
    expect(isBigridError(new Error('DATA_EMPTY'))).toBe(false);
    expect(isBigridError(undefined)).toBe(false);
  });
});

describe('fail', () => {
  it('throws', () => {
    expect(() => fail('CANCELLED', 'stopped')).toThrow(new BigridError('CANCELLED', 'stopped'));
  });
});
