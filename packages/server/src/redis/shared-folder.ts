import { randomUUID } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '@bigrid/errors';
import { failToRead, writeAtomically } from '@bigrid/node/internal';
import type { DetectorFiles } from '../workers/messages.ts';
import { unpackRequest } from './inspection-messages.ts';
import { unpackTask } from './job-messages.ts';
import type { OpenJob, WorkerFiles } from './worker-files.ts';

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

/** The data folder of a server that is mounted on this machine: all that jobs write is there at once. */
export class SharedFolder implements WorkerFiles {
  readonly folderId: string;
  readonly #data: string;

  private constructor(data: string, folderId: string) {
    this.#data = data;
    this.folderId = folderId;
  }

  /** @throws PATH_MISSING if it is not the data folder of a server with a queue */
  static async open(path: string): Promise<SharedFolder> {
    // Under one name for all workers of this machine, so that a job folder has one process at a time.
    const data = await realpath(path).catch((error: unknown) =>
      failToRead(path, 'a folder', error),
    );
    const folderId =
      (await read(data)) ??
      fail(
        'PATH_MISSING',
        `Expected the data folder of a server with --queue at ${data} but received none`,
        { remedy: 'Start the server first, and share its data folder with this machine.' },
      );
    return new SharedFolder(data, folderId);
  }

  async detector(received: unknown): Promise<DetectorFiles> {
    return unpackRequest(this.#data, received);
  }

  async openJob(_: string, received: unknown): Promise<OpenJob> {
    return { task: unpackTask(this.#data, received), save: async () => {}, close: async () => {} };
  }

  async close(): Promise<void> {}
}
