import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { fail } from '@bigrid/errors';
import { failToWrite, holdAlone, reasonOf } from '@bigrid/node/internal';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import { createApp } from './app.ts';
import { Database } from './database/database.ts';
import type { ServerOptions } from './options.ts';
import { FileRepository } from './repositories/files.ts';
import { ModelService } from './services/models.ts';

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Finishes the requests that it has, refuses further ones, and ends its processes. */
  close(): Promise<void>;
}

/**
 * Starts the server: opens its data folder, loads the active models, and listens.
 * @throws IN_USE if another server has the data folder; DATA_TOO_NEW, OUTPUT_UNWRITABLE, ADDRESS_UNAVAILABLE
 */
export async function serve(options: ServerOptions): Promise<RunningServer> {
  const { data, host, port, processes, queue, timeout, bodyLimit } = options;
  await mkdir(data, { recursive: true }).catch((error: unknown) => failToWrite(data, error));
  const release = await holdAlone(data);
  const database = await Database.open(data);
  const files = await FileRepository.open(data);
  const models = new ModelService(database, files, { processes, queue, timeout: 1000 * timeout });
  // Lines of JSON, unless a person reads them.
  const logger = process.stderr.isTTY ? pino(pretty({ destination: 2 })) : pino(process.stderr);
  const app = await createApp({ models }, { bodyLimit: bodyLimit * 2 ** 20, logger });
  const close = async () => {
    await app.close();
    await models.dispose();
    database.close();
    await release();
  };
  try {
    await app.listen({ host, port });
  } catch (error) {
    await close();
    return fail(
      'ADDRESS_UNAVAILABLE',
      `Expected to listen on ${host}, port ${port}, but received: ${reasonOf(error)}`,
      { cause: error },
    );
  }
  for (const { model, error } of await models.loadActive()) {
    logger.error({ err: error, model }, 'A model could not be loaded');
  }
  const { address, family, port: actual } = app.server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`;
  return { url, close };
}
