import { z } from 'zod';
import { modelNameSchema } from '../services/settings.ts';

interface ModelParams {
  readonly name: string;
  /** The active one if left out. */
  readonly version?: number | undefined;
}

const name = z.object({ name: modelNameSchema });

/** The two ways to name a model in a path, after its prefix: by name alone, or with one of its versions. */
export const modelPaths: readonly (readonly [path: string, params: z.ZodType<ModelParams>])[] = [
  ['/models/:name', name],
  ['/models/:name/versions/:version', name.extend({ version: z.coerce.number().int().min(1) })],
];
