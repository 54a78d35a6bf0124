import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBigridError } from '@bigrid/errors';
import { add, float32, Graph, toModel, zeros } from '@bigrid/graph';
import { expect, test } from 'vitest';
import { type Device, onnxRuntimeEngine, trainingEngines } from './engine.ts';

const graph = new Graph('same');
graph.output('same', graph.input('value', 'float32', [1]));
const model = toModel(graph);

test('computes on the processor where nothing else is asked for, and says so', async () => {
  const engine = onnxRuntimeEngine({ threads: 1 });
  expect(engine.description).toMatch(/^onnxruntime-node \d+\.\d+\.\d+ \(cpu\)$/);
  const session = await engine.load(model);
  expect((await session.run({ value: float32([1], [2]) })).same).toEqual(float32([1], [2]));
  await session.dispose();
});

test.each(['cuda', 'webgpu', 'coreml', 'dml'])(
  '%s computes, or ends in DEVICE_MISSING with what there is',
  async (name) => {
    const attempt = async () => {
      const engine = onnxRuntimeEngine({ threads: 1, device: name as Device });
      const session = await engine.load(model);
      const outputs = await session.run({ value: float32([1], [2]) });
      await session.dispose();
      return outputs.same;
    };
    try {
      expect(await attempt()).toEqual(float32([1], [2]));
    } catch (error) {
      if (!isBigridError(error)) throw error;
      expect([error.code, error.exitCode, error.httpStatus]).toEqual(['DEVICE_MISSING', 69, 501]);
      expect(error.message).toMatch(
        new RegExp(`^Expected a device that works here \\(.*cpu.*\\) but received ${name}`),
      );
    }
  },
);

test.each(['cuda', 'webgpu'])('%s prints nothing, whether it is there or not', (device) => {
  const module = JSON.stringify(new URL('./engine.ts', import.meta.url));
  const program = `const { onnxRuntimeEngine } = await import(${module});
    const model = Buffer.from('${Buffer.from(model).toString('base64')}', 'base64');
    await onnxRuntimeEngine({ device: '${device}' }).load(model).then((session) => session.dispose(), () => {});`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    {
      // Drivers that are not there: Vulkan then finds no adapter, and its loader complains.
      env: { ...process.env, VK_ICD_FILENAMES: 'nowhere', VK_DRIVER_FILES: 'nowhere' },
      encoding: 'utf8',
    },
  );
  expect([stdout, stderr]).toEqual(['', '']);
});

test('a device of no engine at all is refused by name', () => {
  const open = () => onnxRuntimeEngine({ device: 'abacus' as Device });
  expect(open).toThrow(
    'Expected one of cpu, cuda, webgpu, coreml, dml, auto for device but received "abacus"',
  );
});

test('in training, small graphs of one image are run on the processor, and large ones on the device', async () => {
  // Known to be missing, without a trial.
  const device = process.platform === 'darwin' ? 'dml' : 'coreml';
  const { engine, imageEngine } = trainingEngines({ threads: 1, device });
  const session = await imageEngine.load(model);
  expect((await session.run({ value: float32([1], [2]) })).same).toEqual(float32([1], [2]));
  await session.dispose();
  const large = new Graph('large');
  const weights = large.initialiser('weights', zeros('float32', [2 ** 22]));
  large.output('sum', add(large.input('value', 'float32', [2 ** 22]), weights));
  await expect(imageEngine.load(toModel(large))).rejects.toMatchObject({ code: 'DEVICE_MISSING' });
  await expect(engine.load(model)).rejects.toMatchObject({ code: 'DEVICE_MISSING' });
});

test('a graph that the engine refuses is no missing device', async () => {
  const engine = onnxRuntimeEngine({ threads: 1 });
  await expect(engine.load(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
  });
});

test('reports to nobody: the engine keeps no number of the machine and nothing to send', async () => {
  const home = await mkdtemp(join(tmpdir(), 'bigrid-home-'));
  const module = JSON.stringify(new URL('./engine.ts', import.meta.url));
  const program = `const { onnxRuntimeEngine } = await import(${module});
    const session = await onnxRuntimeEngine({ threads: 1 }).load(Buffer.from('${Buffer.from(model).toString('base64')}', 'base64'));
    await session.dispose();`;
  const { ORT_DISABLE_TELEMETRY: _, ...environment } = process.env;
  execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...environment, HOME: home, TMPDIR: home },
  });
  expect(await readdir(home)).toEqual([]);
  await rm(home, { recursive: true });
});
