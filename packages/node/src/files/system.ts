// The file system functions of Node.js for paths from `decodeName`. Used directly, they neither find nor name files whose
// names are not UTF-8.

import { createReadStream as createReadStreamOf } from 'node:fs';
import * as fs from 'node:fs/promises';

export type { FileHandle } from 'node:fs/promises';

import { decodeName, systemPath } from './names.ts';

type Call = (path: never, ...rest: never[]) => unknown;
type CallOnTwo = (from: never, to: never, ...rest: never[]) => unknown;

function onPath<F extends Call>(call: F): F {
  const given = call as unknown as (path: unknown, ...rest: unknown[]) => unknown;
  return ((path: unknown, ...rest: unknown[]) => given(native(path), ...rest)) as unknown as F;
}

function onPaths<F extends CallOnTwo>(call: F): F {
  const given = call as unknown as (from: unknown, to: unknown, ...rest: unknown[]) => unknown;
  return ((from: unknown, to: unknown, ...rest: unknown[]) =>
    given(native(from), native(to), ...rest)) as unknown as F;
}

/** URLs and descriptors are passed through. */
function native(path: unknown): unknown {
  return typeof path === 'string' ? systemPath(path) : path;
}

export const access = onPath(fs.access);
export const chmod = onPath(fs.chmod);
export const copyFile = onPaths(fs.copyFile);
export const createReadStream = onPath(createReadStreamOf);
export const mkdir = onPath(fs.mkdir);
export const open = onPath(fs.open);
export const readFile = onPath(fs.readFile);
export const rename = onPaths(fs.rename);
export const rm = onPath(fs.rm);
export const rmdir = onPath(fs.rmdir);
export const stat = onPath(fs.stat);
export const statfs = onPath(fs.statfs);
export const writeFile = onPath(fs.writeFile);

export async function realpath(path: string): Promise<string> {
  return decodeName(await fs.realpath(systemPath(path), 'buffer'));
}

/** A file or folder directly in a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly isFile: boolean;
  readonly isFolder: boolean;
  readonly isLink: boolean;
}

export async function readFolder(folder: string): Promise<FolderEntry[]> {
  const entries = await fs.readdir(systemPath(folder), { withFileTypes: true, encoding: 'buffer' });
  return entries.map((entry) => ({
    name: decodeName(entry.name),
    isFile: entry.isFile(),
    isFolder: entry.isDirectory(),
    isLink: entry.isSymbolicLink(),
  }));
}
