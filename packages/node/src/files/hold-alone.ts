import { createHash } from 'node:crypto';

import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '@bigrid/errors';
import { systemCode } from './files.ts';
import { systemPath } from './names.ts';
import { rm } from './system.ts';

/** Gives back what was held. */
export type Release = () => Promise<void>;

/**
 * Holds a file or folder for this process alone, on this machine. What is held is a socket and no file: the system
 * gives it back however the process ends, so that nothing stale is ever left in the way.
 * @param path names what is held; links followed
 * @param address of the socket; the default follows from `path`
 * @throws IN_USE when another process holds it
 */
export async function holdAlone(path: string, address = addressFor(path)): Promise<Release> {
  const server = createServer((socket) => socket.destroy()).unref();
  try {
    await listen(server, address);
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw error;
    if (isHidden(address) || (await isAnswered(address))) {
      fail('IN_USE', `Expected to be alone at ${path} but received another bigrid at work there`);
    }
    // A socket in the file system outlives a process that was killed.
    await rm(address, { force: true });
    await listen(server, address);
  }
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/** Linux and Windows have names for sockets outside the file system. */
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
