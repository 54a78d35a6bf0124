import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A reader of external input. */
export interface Target {
  readonly name: string;
  /** Valid inputs, generated. */
  corpus(): Promise<Uint8Array[]>;
  /** Reads an input; may succeed or throw a {@link BigridError}. */
  read(bytes: Uint8Array): unknown;
  /** Maximum memory for reading a small input, in MB. */
  readonly mostMemory: number;
  /** Maximum processor time, in seconds. Default: 2. */
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

/** A folder for additional files, removed when the process ends. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bigrid-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
