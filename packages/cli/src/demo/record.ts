import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { openDataset } from '@bigrid/node';
import { systemPath, writeAtomically } from '@bigrid/node/internal';

/** What a demo made and from what, to tell whether its results are still valid. */
export interface DemoRecord {
  readonly version: string;
  readonly seed: number;
  /** Absent if the demo chose them. */
  readonly epochs?: number;
  /** Fingerprint of the images. */
  readonly images: string;
  /** SHA-256 of the model file; absent while there is none. */
  readonly bundle?: string;
}

const FILE = 'demo.json';

/** The record in a folder of results; undefined if there is none that can be read. */
export async function readRecord(out: string): Promise<Partial<DemoRecord> | undefined> {
  try {
    return JSON.parse(await readFile(systemPath(join(out, FILE)), 'utf8'));
  } catch {
    return undefined;
  }
}

export async function writeRecord(out: string, record: DemoRecord): Promise<void> {
  await writeAtomically(join(out, FILE), `${JSON.stringify(record, undefined, 2)}\n`);
}

/**
 * A hash of the images' names, sizes and modification times, to tell whether they changed: reading gigabytes would
 * take too long here. Undefined if there are none.
 */
export async function fingerprint(data: string, s3Root?: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    const { classes } = await openDataset(data, { s3Root });
    const entries = classes.flatMap(({ training, test }) => [...training, ...test]);
    for (const path of new Set(entries.map((entry) => entry.path))) {
      const { size, mtimeMs } = await stat(systemPath(path));
      hash.update(systemPath(`${relative(data, path)}\0${size}\0${mtimeMs}\0`));
    }
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}

/** SHA-256 of a file; undefined if it does not exist. */
export async function hashOfFile(path: string): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await readFile(systemPath(path)))
      .digest('hex');
  } catch {
    return undefined;
  }
}
