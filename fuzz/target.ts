import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A reader of bytes that come from outside. */
export interface Target {
  readonly name: string;
  /** Valid inputs, made by code. */
  corpus(): Promise<Uint8Array[]>;
  /** Reads; a {@link BigridError} is a good end, and so is none. */
  read(bytes: Uint8Array): unknown;
  /** Most memory that reading a small input may take, in MB. */
  readonly mostMemory: number;
  /** Most processor time that it may take, in seconds. Default: 2. */
  readonly mostSeconds?: number;
}

/** Reads the bytes as a file. */
export async function asFile<T>(bytes: Uint8Array, read: (file: string) => Promise<T>): Promise<T> {
  const file = join(tmpdir(), `bigrid-fuzz-file-${process.pid}`);
  writeFileSync(file, bytes);
  try {
    return await read(file);
  } finally {
    rmSync(file, { force: true });
  }
}

/** A folder for files beside the input, which goes with the process. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bigrid-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
