import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Graph, type Shape, toModel } from '@bigrid/graph';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTritonModel } from './triton.ts';
import { contradictionIn, tritonConfig } from './triton-config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-triton-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function model(
  name: string,
  shape: Shape = [1, 'height', 'width', 3],
  inputName = 'image',
): { bytes: Uint8Array } {
  const graph = new Graph(name);
  const image = graph.input(inputName, 'uint8', shape);
  graph.output('same', image);
  return { bytes: toModel(graph) };
}

test('a model is added with a configuration that fits it, and then version by version', async () => {
  const first = model('first');
  const version = await writeTritonModel(folder, 'my part (2)', first);
  const ours = basename(dirname(version));
  expect(version).toBe(join(folder, ours, '1'));
  expect(ours).toMatch(/^my_part__2_-[0-9a-f]{8}$/);
  expect(await readdir(version)).toEqual(['model.onnx']);
  expect(new Uint8Array(await readFile(join(version, 'model.onnx')))).toEqual(first.bytes);
  const config = join(folder, ours, 'config.pbtxt');
  expect(
    await readFile(config, 'utf8'),
  ).toBe(`# Written once by Bigrid's export, never overwritten: edit it as needed.
name: "${ours}"
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
  expect((await readdir(join(folder, ours))).sort()).toEqual(['1', '2', 'config.pbtxt']);
  expect(await readFile(config, 'utf8')).toBe('changed');
});

test('models of different names are different models, whatever their letters', async () => {
  const names = [
    '模型',
    '零件',
    '__',
    'my part',
    'my_part',
    'my/part',
    'größe',
    'grüße',
    '.x',
    '_x',
    '',
  ];
  const versions = await Promise.all(
    names.map((name) => writeTritonModel(join(folder, 'names'), name, model('one'))),
  );
  expect(new Set(versions.map(dirname)).size).toBe(names.length);
  expect(versions.map((version) => basename(version))).toEqual(names.map(() => '1'));
  for (const version of versions) expect(basename(dirname(version))).toMatch(/^[\w][\w.-]*$/);
  // What Triton takes stays as it is, and the two ways to write an umlaut are one.
  expect(basename(dirname(versions[4] as string))).toBe('my_part');
  const apart = await writeTritonModel(
    join(folder, 'names'),
    'größe'.normalize('NFD'),
    model('one'),
  );
  expect(apart).toBe(join(dirname(versions[6] as string), '2'));
});

test.each([
  ['other sizes', [1, 512, 512, 3], 'image'],
  ['fewer dimensions', ['height', 'width', 3], 'image'],
  ['another input', [1, 256, 256, 3], 'frame'],
] as const)('a model with %s is no version of one that is there', async (what, shape, input) => {
  const repository = join(folder, `no version: ${what}`);
  const first = await writeTritonModel(repository, 'part', model('one', [1, 256, 256, 3]));
  const refused = await writeTritonModel(repository, 'part', model('two', shape, input)).catch(
    (error) => error,
  );
  expect(refused).toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    message: expect.stringContaining('Expected the input image TYPE_UINT8 [1, 256, 256, 3], as '),
    remedy: expect.stringContaining('another name'),
  });
  expect((await readdir(dirname(first))).sort()).toEqual(['1', 'config.pbtxt']);
  expect(await writeTritonModel(repository, 'part', model('3', [1, 256, 256, 3]))).toMatch(/2$/);
});

test('a configuration that somebody changed contradicts only where it says otherwise', () => {
  const port = { name: 'image', type: 'uint8', shape: [1, 'height', 'width', 3] } as const;
  const map = { name: 'map', type: 'float32', shape: [1, 256, 256] } as const;
  const ports = { inputs: [port], outputs: [map] };
  const written = tritonConfig('part', ports);
  const changed = [
    written,
    written.replaceAll(/\s+/g, ' '),
    `${written}instance_group [ { kind: KIND_CPU count: 4 } ]`,
    written.replace('[ 1, -1, -1, 3 ]', '[1,640,480,3] reshape { shape: [1, 480, 3] }'),
    'instance_group [ { name: "other" } ]',
    'input { name: "image" dims: [ 1, -1, -1, 3 ] } output: { name: "map" }',
    'max_batch_size: 8 output [ { data_type: TYPE_FP32 name: "map" dims: [ 256, 256 ] } ]',
    '# output [ { name: "gone" } ]',
    '',
  ];
  for (const text of changed)
    expect([text, contradictionIn(text, 'part', ports)]).toEqual([text, undefined]);
  const contradicting = [
    written.replace('"part"', '"Part"'),
    written.replace('256, 256', '512, 320'),
    written.replace('TYPE_FP32', 'TYPE_FP16'),
    written.replace('"map"', '"score"'),
    `${written.slice(0, -2)}, { name: "score" data_type: TYPE_FP32 dims: [ 1 ] } ]`,
    'output { name: "map" dims: [ 512, 256, 256 ] }',
  ];
  for (const text of contradicting)
    expect([text, contradictionIn(text, 'part', ports)]).toEqual([text, expect.anything()]);
});

test('any text for a configuration is read in no time', () => {
  const piece = fc.constantFrom(
    'input',
    'output',
    'name:',
    '"x"',
    '{',
    '}',
    '[',
    ']',
    ' ',
    ',',
    'dims: [1]',
    '#',
  );
  const text = fc.array(piece, { maxLength: 400 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, (text) => {
      const started = performance.now();
      contradictionIn(text, 'part', { inputs: [], outputs: [] });
      expect(performance.now() - started).toBeLessThan(1000);
    }),
  );
});

test('a repository that cannot be written is refused', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(writeTritonModel(file, 'part', model('part'))).rejects.toThrow(
    expect.objectContaining({ code: 'OUTPUT_UNWRITABLE' }),
  );
});
