import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Graph, toModel } from '@bigrid/graph';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTritonModel } from './triton.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-triton-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function model(name: string): { bytes: Uint8Array } {
  const graph = new Graph(name);
  const image = graph.input('image', 'uint8', [1, 'height', 'width', 3]);
  graph.output('same', image);
  return { bytes: toModel(graph) };
}

test('a model is added with a configuration that fits it, and then version by version', async () => {
  const first = model('first');
  const version = await writeTritonModel(folder, 'my part (2)', first);
  expect(version).toBe(join(folder, 'my_part__2_', '1'));
  expect(await readdir(version)).toEqual(['model.onnx']);
  expect(new Uint8Array(await readFile(join(version, 'model.onnx')))).toEqual(first.bytes);
  const config = join(folder, 'my_part__2_', 'config.pbtxt');
  expect(
    await readFile(config, 'utf8'),
  ).toBe(`# Written once by \`bigrid export --triton\`, and yours to change.
name: "my_part__2_"
backend: "onnxruntime"
max_batch_size: 0
input [
  {
    name: "image"
    data_type: TYPE_UINT8
    dims: [ 1, -1, -1, 3 ]
  }
]
output [
  {
    name: "same"
    data_type: TYPE_UINT8
    dims: [ 1, -1, -1, 3 ]
  }
]
`);
  await writeFile(config, 'changed');
  expect(await writeTritonModel(folder, 'my part (2)', model('second'))).toMatch(/\/2$/);
  expect((await readdir(join(folder, 'my_part__2_'))).sort()).toEqual(['1', '2', 'config.pbtxt']);
  expect(await readFile(config, 'utf8')).toBe('changed');
});

test('a repository that cannot be written is refused', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(writeTritonModel(file, 'part', model('part'))).rejects.toThrow(
    expect.objectContaining({ code: 'OUTPUT_UNWRITABLE' }),
  );
});
