import { createHash } from 'node:crypto';

import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '@bigrid/errors';
import { systemCode } from './files.ts';
import { systemPath } from './names.ts';
import { rm } from './system.ts';

/** Releases the lock. */
export type Release = () => Promise<void>;

/**
 * Locks a file or folder for this process, on this machine. The lock is a socket rather than a file, so that the system
 * releases it however the process ends, and no stale lock is left.
 * @param path what to lock; links are followed
 * @param address of the socket; the default is derived from `path`
 * @throws IN_USE if another process holds the lock
 */
export async function holdAlone(path: string, address = addressFor(path)): Promise<Release> {
  const server = createServer((socket) => socket.destroy()).unref();
  try {
    await listen(server, address);
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw error;
    if (isHidden(address) || (await isAnswered(address))) {
      fail('IN_USE', `Expected ${path} to be free but received another Bigrid process using it`);
    }
    // A socket in the file system outlives a killed process.
    await rm(address, { force: true });
    await listen(server, address);
  }
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/** On Linux and Windows, sockets have names outside the file system. */
function addressFor(path: string): string {
  const name = `bigrid-${createHash('sha256').update(systemPath(path)).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function isHidden(address: string): boolean {
  return address.startsWith('\0') || address.startsWith('\\\\');
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(address, () => resolve());
  });
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address, () => resolve(true)).on('error', () => resolve(false));
    socket.unref();
  });
}
