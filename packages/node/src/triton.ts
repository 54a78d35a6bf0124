import { join } from 'node:path';
import { type Bundle, type ElementType, type Port, readPorts } from '@bigrid/inspect';
import { failToWrite, systemCode, writeAtomically } from './files/files.ts';
import { mkdir, readFolder, rename, rm, stat } from './files/system.ts';
import { temporaryPath } from './files/temporary.ts';

/** What Triton calls the types of elements. */
const types: Readonly<Record<ElementType, string>> = {
  float32: 'TYPE_FP32',
  float16: 'TYPE_FP16',
  int64: 'TYPE_INT64',
  int32: 'TYPE_INT32',
  int8: 'TYPE_INT8',
  uint8: 'TYPE_UINT8',
  bool: 'TYPE_BOOL',
};

/**
 * Adds a bundle to a model repository of Triton Inference Server as the next version of the model `name`. A version
 * appears whole, so that a server that polls the repository never loads a part. The configuration is written once:
 * how many instances run where is for whoever runs the server to add, and later versions leave it as it is.
 * @param repository folder of the repository; it is made where it is missing
 * @param name of the model; what Triton does not take in a name becomes `_`
 * @returns folder of the new version
 * @throws OUTPUT_UNWRITABLE, BUNDLE_INVALID
 */
export async function writeTritonModel(
  repository: string,
  name: string,
  bundle: Pick<Bundle, 'bytes'>,
): Promise<string> {
  const model = tritonName(name);
  const folder = join(repository, model);
  const config = join(folder, 'config.pbtxt');
  const text = tritonConfig(model, readPorts(bundle.bytes));
  try {
    if (!(await exists(config))) await writeAtomically(config, text);
    const version = join(folder, String((await latestVersion(folder)) + 1));
    // Triton leaves folders alone whose names are no numbers.
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

/** `config.pbtxt` of a model, in protobuf's text format. Batches are left to the instances: a picture a request. */
function tritonConfig(
  name: string,
  { inputs, outputs }: { readonly inputs: readonly Port[]; readonly outputs: readonly Port[] },
): string {
  const list = (ports: readonly Port[]) => ports.map(describe).join(',\n');
  return `# Written once by \`bigrid export --triton\`, and yours to change.
name: "${name}"
backend: "onnxruntime"
max_batch_size: 0
input [
${list(inputs)}
]
output [
${list(outputs)}
]
`;
}

function describe({ name, type, shape }: Port): string {
  const sizes = shape.map((size) => (typeof size === 'number' ? size : -1));
  return `  {
    name: "${name}"
    data_type: ${types[type]}
    dims: [ ${sizes.join(', ')} ]
  }`;
}

function tritonName(name: string): string {
  return name.replaceAll(/[^\w.-]/g, '_').replace(/^\.+/, '_');
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
