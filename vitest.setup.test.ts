import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { ended } from './packages/cli/testing/command-line.ts';
import useWritableTemporaryFolder from './vitest.setup.ts';

afterEach(() => vi.unstubAllEnvs());

const unwritable = [join(import.meta.dirname, 'missing'), import.meta.filename];
test.skipIf(process.platform === 'win32').each(unwritable)(
  'tests write below the checkout where %s is the temporary folder',
  (folder) => {
    for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, folder);
    const remove = useWritableTemporaryFolder();
    expect(tmpdir().startsWith(join(import.meta.dirname, '.bigrid'))).toBe(true);
    expect(existsSync(tmpdir())).toBe(true);
    remove?.();
    expect(existsSync(tmpdir())).toBe(false);
  },
);

test('tests write into the temporary folder of the system where they can', () => {
  const before = tmpdir();
  expect(useWritableTemporaryFolder()).toBe(undefined);
  expect(tmpdir()).toBe(before);
});

test('a command that cannot be started is not waited for', async () => {
  await expect(ended(spawn(import.meta.filename))).rejects.toThrow('EACCES');
});
