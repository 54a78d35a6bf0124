import { readdir, readFile, stat } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  isPlain,
  tiny,
  useTemporaryFolder,
  write,
  writeProduct,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let model: string;

beforeAll(async () => {
  model = at('my part.onnx');
  await writeProduct(at('part'));
  await bigrid('train', at('part'), '--out', model, ...tiny);
});

async function scores(file: string): Promise<number[]> {
  const { code, stdout } = await bigrid('inspect', file, at('part', 'test'), '--format', 'json');
  expect(code).toBe(0);
  return JSON.parse(stdout).map(({ score }: { score: number }) => score);
}

test.each([
  ['--float16', 'float16', 0.9, 0.01],
  ['--int8', 'int8', 0.65, 0.05],
] as const)(
  '%s makes it smaller, and every command takes it',
  async (flag, weights, share, off) => {
    const out = at(`${weights}.onnx`);
    const { code, stdout, stderr } = await bigrid('export', model, flag, '--out', out);
    expect(stdout).toMatch(/^Wrote .*\.onnx: \d+\.\d MB, from \d+\.\d MB\n$/);
    expect(stderr).toContain('--calibrate DIR');
    expect([code, isPlain(stdout + stderr)]).toEqual([0, true]);
    expect((await stat(out)).size).toBeLessThan(share * (await stat(model)).size);
    const [before, after] = [await scores(model), await scores(out)];
    expect(after).not.toEqual(before);
    // In standard deviations of good images: near 0, a share of the score would be tiny.
    before.forEach((score, i) => {
      expect(Math.abs((after[i] as number) - score)).toBeLessThan(off * Math.max(1, score));
    });
    const { stdout: told } = await bigrid('info', out);
    expect(told).toContain(` with weights in ${weights}, made by`);
  },
);

test('training continues from an exported model; it is not exported again', async () => {
  const small = at('smaller.onnx');
  await bigrid('export', model, '--int8', '--out', small, '--quiet');
  const words = ['--epochs', '1', '--threads', '1', '--from', small, '--out', at('further.onnx')];
  expect(await bigrid('train', at('part'), ...words)).toMatchObject({ code: 0 });
  const { code, stderr } = await bigrid('export', small, '--float16', '--out', small);
  expect(stderr).toContain('received one whose weights are int8 already');
  expect(code).toBe(64);
});

test('its threshold is calibrated on its own scores', async () => {
  const out = at('calibrated.onnx');
  const words = ['export', model, '--int8', '--calibrate', at('part'), '--out', out];
  const { code, stdout, stderr } = await bigrid(...words);
  expect(stdout).toMatch(/, threshold \d\.\d+ by quantile:0\.99\n$/);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('from before')]);
  const { manifest } = JSON.parse((await bigrid('info', out, '--json')).stdout);
  const [first, second] = await scores(out);
  expect(manifest.calibration.scores).toEqual([first, second].sort());
});

test('becomes a Triton model, at full or reduced size', async () => {
  const repository = at('models');
  const first = await bigrid('export', model, '--triton', repository);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toMatch(/^Wrote .*models\/my_part-\w{8}\/1: \d+\.\d MB\n$/);
  const [ours = ''] = await readdir(repository);
  expect(await bigrid('export', model, '--int8', '--triton', repository)).toMatchObject({
    code: 0,
  });
  expect((await readdir(at('models', ours))).sort()).toEqual(['1', '2', 'config.pbtxt']);
  expect(await readFile(at('models', ours, '1', 'model.onnx'))).toEqual(await readFile(model));
  const config = await readFile(at('models', ours, 'config.pbtxt'), 'utf8');
  const { inputs, outputs } = JSON.parse((await bigrid('info', model, '--json')).stdout);
  expect(config.match(/(?<=^ +name: ").*(?=")/gm)).toEqual([
    ...Object.keys(inputs),
    ...Object.keys(outputs),
  ]);
});

test.each([
  ['nowhere to write to', ['--int8'], 'OPTION_INVALID', 64],
  ['nothing to do', ['--out', 'x.onnx'], 'OPTION_INVALID', 64],
  ['two precisions', ['--int8', '--float16', '--out', 'x.onnx'], 'OPTION_INVALID', 64],
  ['a file in the way', ['--int8', '--out', 'file/x.onnx'], 'OUTPUT_UNWRITABLE', 73],
  ['a repository that is a file', ['--triton', 'file'], 'OUTPUT_UNWRITABLE', 73],
] as const)('%s is refused', async (_, words, code, exitCode) => {
  await write(at('file'), '');
  const given = words.map((word) => (word.startsWith('--') ? word : at(word)));
  const { code: ended, stdout, stderr } = await bigrid('export', model, ...given);
  expect(stderr).toContain(`error ${code}: `);
  expect([ended, stdout]).toEqual([exitCode, '']);
});
