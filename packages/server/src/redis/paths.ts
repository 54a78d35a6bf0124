import { relative, sep } from 'node:path';
import { z } from 'zod';

/** A path below the data folder, with slashes: each machine may have the folder elsewhere. */
export const placeSchema = z.string().regex(/^(?!.*\.\.)[\w.-]+(\/[\w.-]+)*$/);

export function placeOf(data: string, path: string): string {
  return relative(data, path).replaceAll(sep, '/');
}
