import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fail } from '@bigrid/errors';
import { type Bundle, readPorts } from '@bigrid/inspect';
import { failToWrite, readBytes, systemCode, writeAtomically } from './files/files.ts';
import { mkdir, readFolder, rename, rm, stat } from './files/system.ts';
import { temporaryPath } from './files/temporary.ts';
import { contradictionIn, type Ports, tritonConfig } from './triton-config.ts';

/**
 * Adds a bundle to a model repository of Triton Inference Server as the next version of the model `name`. A version
 * appears atomically, so that a server that polls the repository never loads a partial one. The configuration is written
 * once and never overwritten, so that the server's operator can edit it, for example to set instance groups.
 * @param repository folder of the repository; it is created if missing
 * @param name of the model; characters that Triton does not allow become `_`, and a hash of the name is appended
 * @returns folder of the new version
 * @throws OUTPUT_UNWRITABLE, also if the existing configuration states other inputs or outputs; BUNDLE_INVALID
 */
export async function writeTritonModel(
  repository: string,
  name: string,
  bundle: Pick<Bundle, 'bytes'>,
): Promise<string> {
  const model = tritonName(name);
  const folder = join(repository, model);
  const config = join(folder, 'config.pbtxt');
  const ports = readPorts(bundle.bytes);
  try {
    if (!(await exists(config))) await writeAtomically(config, tritonConfig(model, ports));
    else checkConfig(config, new TextDecoder().decode(await readBytes(config)), model, ports);
    const version = join(folder, String((await latestVersion(folder)) + 1));
    // Triton ignores folders whose names are not numbers.
    const temporary = await temporaryPath(folder, model);
    try {
      await mkdir(temporary);
      await writeAtomically(join(temporary, 'model.onnx'), bundle.bytes);
      await rename(temporary, version);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return version;
  } catch (error) {
    return failToWrite(folder, error);
  }
}

/** @throws OUTPUT_UNWRITABLE if the server could not load the model with this configuration */
function checkConfig(path: string, text: string, model: string, ports: Ports): void {
  const found = contradictionIn(text, model, ports);
  if (!found) return;
  fail(
    'OUTPUT_UNWRITABLE',
    `Expected ${found.expected}, as ${path} states for all versions, but received ${found.received}`,
    {
      remedy:
        'Give the model another name (the default is the name of its file), or move the folder of the existing model away first.',
    },
  );
}

/** A changed name ends with a hash of the original, so that two models do not become versions of one. */
function tritonName(name: string): string {
  const own = name.normalize('NFC');
  const taken = own.replaceAll(/[^\w.-]/g, '_').replace(/^(\.+|$)/, '_');
  if (taken === own) return own;
  return `${taken}-${createHash('sha256').update(own).digest('hex').slice(0, 8)}`;
}

async function latestVersion(folder: string): Promise<number> {
  const names = (await readFolder(folder)).map(({ name }) => name);
  return Math.max(0, ...names.filter((name) => /^[1-9]\d{0,8}$/.test(name)).map(Number));
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
