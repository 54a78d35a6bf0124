import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { fail } from '@bigrid/errors';
import { reasonOf } from '@bigrid/node/internal';
import yauzl from 'yauzl';
import type { ReceivedFile } from '../repositories/files.ts';

interface ArchiveEntry {
  /** With its folders, with slashes. */
  readonly name: string;
  readonly open: () => Promise<Readable>;
}

/** The files in an archive. @throws REQUEST_INVALID if it is damaged */
export async function* entriesOf({ path }: ReceivedFile): AsyncGenerator<ArchiveEntry> {
  const archive = await yauzl.openPromise(path).catch(failToUnzip);
  try {
    const entries = archive.eachEntry();
    for (;;) {
      const { done, value: entry } = await entries.next().catch(failToUnzip);
      if (done) return;
      const { fileName: name } = entry;
      if (isLeftOut(name)) continue;
      yield { name, open: () => archive.openReadStreamPromise(entry).catch(failToUnzip) };
    }
  } finally {
    archive.close();
  }
}

/** Whether a file begins as zip archives do. */
export async function isArchive({ path }: ReceivedFile): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4);
    return buffer.toString('latin1') === 'PK\x03\x04';
  } finally {
    await handle.close();
  }
}

/** Folders, hidden files, and what macOS adds. */
function isLeftOut(name: string): boolean {
  return name.endsWith('/') || name.startsWith('__MACOSX/') || /(^|\/)\.[^/]*$/.test(name);
}

function failToUnzip(error: unknown): never {
  return fail(
    'REQUEST_INVALID',
    `Expected a zip archive of images but received a damaged or encrypted one: ${reasonOf(error)}`,
    { cause: error, remedy: 'Make the archive again, without a password.' },
  );
}
