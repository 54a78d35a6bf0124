import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '@bigrid/errors';
import { writeAtomically } from '@bigrid/node/internal';

/** File in a data folder that identifies it, however the machines that share it name it. */
const FILE = 'queue-id';

function read(data: string): Promise<string | undefined> {
  return readFile(join(data, FILE), 'utf8').catch(() => undefined);
}

/** The id of the data folder of a server, which gets one the first time. @throws OUTPUT_UNWRITABLE */
export async function createFolderId(data: string): Promise<string> {
  const known = await read(data);
  if (known !== undefined) return known;
  const id = randomUUID();
  await writeAtomically(join(data, FILE), id);
  return id;
}

/** The id of the data folder that a worker shares with a server. @throws PATH_MISSING */
export async function folderIdOf(data: string): Promise<string> {
  return (
    (await read(data)) ??
    fail(
      'PATH_MISSING',
      `Expected the data folder of a server with --queue at ${data} but received none`,
      { remedy: 'Start the server first, and share its data folder with this machine.' },
    )
  );
}
