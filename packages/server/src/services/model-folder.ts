import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failToRead } from '@bigrid/node/internal';
import type { ModelService } from './models.ts';
import { modelNameSchema } from './settings.ts';

/** A model file in a folder of models. */
interface Found {
  readonly model: string;
  readonly path: string;
}

/**
 * Adds the model files of a folder: `NAME.onnx`, and `NAME/VERSION/model.onnx` as Triton Inference Server has them, in the
 * order of their versions. A file that a model already has is not added again; a new one becomes the active version.
 * @returns files that could not be added, with the reason
 * @throws PATH_MISSING, PATH_UNREADABLE
 */
export async function addModelFolder(
  folder: string,
  models: ModelService,
): Promise<{ readonly path: string; readonly error: unknown }[]> {
  const failed: { path: string; error: unknown }[] = [];
  for (const { model, path } of await filesIn(folder)) {
    try {
      await models.addOnce({
        model: modelNameSchema.parse(model),
        content: createReadStream(path),
        note: `from ${path}`,
        activate: true,
      });
    } catch (error) {
      failed.push({ path, error });
    }
  }
  return failed;
}

async function filesIn(folder: string): Promise<Found[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) =>
    failToRead(folder, 'a folder of models', error),
  );
  const found: Found[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await versionsIn(path, entry.name)));
    else if (/\.onnx$/i.test(entry.name)) found.push({ model: entry.name.slice(0, -5), path });
  }
  return found;
}

async function versionsIn(folder: string, model: string): Promise<Found[]> {
  const versions = (await readdir(folder)).filter((name) => /^[1-9]\d{0,8}$/.test(name));
  const paths: string[] = [];
  for (const version of versions.sort((a, b) => Number(a) - Number(b))) {
    const names = await readdir(join(folder, version)).catch((): string[] => []);
    if (names.includes('model.onnx')) paths.push(join(folder, version, 'model.onnx'));
  }
  return paths.map((path) => ({ model, path }));
}
