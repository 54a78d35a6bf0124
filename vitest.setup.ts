import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Decides where tests write, for all of them: in the system's temporary folder or, where that cannot be written, in one of
 * their own below the checkout.
 * @returns removes the latter
 */
export default function useWritableTemporaryFolder(): (() => void) | undefined {
  try {
    rmdirSync(mkdtempSync(join(tmpdir(), 'bigrid-')));
    return undefined;
  } catch {
    const parent = join(import.meta.dirname, '.bigrid');
    mkdirSync(parent, { recursive: true });
    const own = mkdtempSync(join(parent, 'tmp-'));
    // Test workers, and the commands that they start, take it from the environment.
    for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = own;
    return () => rmSync(own, { recursive: true, force: true });
  }
}
