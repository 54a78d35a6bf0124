import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  isPlain,
  tiny,
  useTemporaryFolder,
  write,
  writeImages,
  writeProduct,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let model: string;

beforeAll(async () => {
  model = at('model.onnx');
  await writeProduct(at('part'));
  await bigrid('train', at('part'), '--out', model, ...tiny);
  await writeImages(at('today'), 9, false, 100);
  await write(at('today', 'text.png'), 'not an image');
});

async function calibrationOf(file: string) {
  const { manifest, bytes } = JSON.parse((await bigrid('info', file, '--json')).stdout);
  return { ...manifest.calibration, bytes };
}

test('new good images set the threshold of a new file', async () => {
  const out = at('deep', 'new.onnx');
  const words = ['calibrate', model, at('today'), '--threshold', 'max-fpr:.10', '--out', out];
  const { code, stdout, stderr } = await bigrid(...words);
  expect(stderr).toContain('calibrating 10/10');
  expect(stderr).toContain('Skipped 1 image that could not be read:');
  expect(stderr).toMatch(
    /The threshold was \d+\.\d+ \(quantile:0\.99\); \d of 9 images score above it\./,
  );
  expect(stdout).toMatch(
    /^Wrote .*new\.onnx: threshold \d+\.\d+ by max-fpr:0\.1; 0 of 9 good images above it$/m,
  );
  expect([code, isPlain(stdout + stderr)]).toEqual([0, true]);
  expect(await readdir(at('deep'))).toEqual(['new.onnx']);
  const calibration = await calibrationOf(out);
  expect(calibration.scores).toHaveLength(9);
  expect(calibration.threshold).toBe(calibration.scores[8]);
  expect(calibration.measuredAt).toMatch(/^\d{4}-/);
  const { stdout: told } = await bigrid('info', out);
  expect(told).toMatch(/by the rule max-fpr:0\.1 from 9 good images scored on \d{4}-/);
});

test.each([
  ['images that it learnt', ['part', 'train', 'good'], '6 of 8 that the model learnt'],
  ['defects', ['part', 'test', 'spot'], '2 of 2 that score more than 4 times what good images'],
] as const)('%s set the threshold only where that is insisted on', async (_, parts, told) => {
  const out = at('suspect', 'new.onnx');
  const refused = await bigrid('calibrate', model, at(...parts), '--out', out);
  expect(refused.stderr).toContain('error SUSPECT_IMAGES');
  expect(refused.stderr).toContain(told);
  expect(refused.code).toBe(65);
  await expect(readdir(at('suspect'))).rejects.toThrow('ENOENT');
  const small = ['export', model, '--int8', '--calibrate', at(...parts), '--out', out];
  expect(await bigrid(...small)).toMatchObject({
    code: 65,
    stderr: expect.stringContaining(told),
  });
  const insisted = await bigrid(
    ...['calibrate', model, at(...parts), '--out', at('insisted.onnx'), '--allow-suspect'],
  );
  expect(insisted.stderr).toContain(told);
  expect(insisted.code).toBe(0);
});

test('without a folder only the rule changes, here in place', async () => {
  const file = at('same.onnx');
  await write(file, await readFile(model));
  const before = await calibrationOf(file);
  const { code, stderr } = await bigrid('calibrate', file, '--threshold', '7.50', '--out', file);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('calibrating')]);
  expect(await calibrationOf(file)).toEqual({
    ...before,
    rule: '7.5',
    threshold: 7.5,
    bytes: expect.any(Number),
  });
});

test('f1 sets it between good images and labelled defects', async () => {
  const out = at('f1.onnx');
  const words = ['calibrate', model, at('part'), '--threshold', 'f1', '--out', out];
  const { code, stdout } = await bigrid(...words);
  expect(code).toBe(0);
  expect(stdout).toContain('by f1; 0 of 2 good images above it');
  const { stderr } = await bigrid('evaluate', out, at('part'));
  expect(stderr).toMatch(
    /At the threshold \d+\.\d+ \(f1\): 2 of 2 defective images detected, 0 false positives among 2 good images\./,
  );
});

test('images between two thresholds are unsure', async () => {
  const out = at('unsure.onnx');
  const rules = ['--threshold', 'quantile:1', '--unsure', 'quantile:.25'];
  const made = await bigrid('calibrate', model, at('today'), ...rules, '--out', out);
  expect(made.stdout).toMatch(/above it; unsure above \d+\.\d+ by quantile:0\.25$/m);
  expect((await bigrid('info', out)).stdout).toMatch(/by quantile:0\.25, are unsure/);
  const { scores } = await calibrationOf(out);
  // An image at the threshold is not above it: of nine, two are below and one is at the quarter.
  const inspected = await bigrid('inspect', out, at('today'), '--json');
  const verdicts = inspected.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ error }) => !error);
  for (const { score, verdict } of verdicts)
    expect(verdict).toBe(score > scores[2] ? 'unsure' : 'normal');
  expect(inspected.stderr).toContain('10 images: 0 anomalous, 6 unsure, 3 normal, 1 unreadable');
  const { stdout } = await bigrid('inspect', out, at('today'), '--unsure', 'none');
  expect(stdout).not.toContain('unsure');
});

test.each([
  ['a rule that there is not', ['today', '--threshold', 'best'], 'OPTION_INVALID', 64],
  ['neither folder nor rule', [], 'OPTION_INVALID', 64],
  [
    'doubt above the threshold',
    ['today', '--threshold', '1e-9', '--unsure', 'sigma:1'],
    'OPTION_INVALID: Expected unsure to begin at or below the threshold',
    64,
  ],
  [
    'a promise that the images cannot keep',
    ['today', '--threshold', 'max-fpr:0.05'],
    'THRESHOLD_UNSUPPORTED: Expected at least 19 good images for the threshold max-fpr:0.05 but received the scores of 9',
    65,
  ],
  ['f1 without labels', ['today', '--threshold', 'f1'], 'THRESHOLD_UNSUPPORTED', 65],
  ['a folder that is missing', ['nowhere'], 'PATH_MISSING', 66],
  ['images that training saw', ['seen'], 'DATA_NO_GOOD', 65],
] as const)('%s is refused, and nothing is written', async (_what, words, expected, exitCode) => {
  await writeImages(at('seen', 'train', 'good'), 1);
  const [dir, ...flags] = words;
  const out = at('refused', 'new.onnx');
  const given = dir === undefined ? [] : [at(dir)];
  const { code, stdout, stderr } = await bigrid(
    'calibrate',
    model,
    ...given,
    ...flags,
    '--out',
    out,
  );
  expect(stderr).toContain(`error ${expected}`);
  expect([code, stdout]).toEqual([exitCode, '']);
  await expect(readdir(at('refused'))).rejects.toThrow('ENOENT');
});

test('an output that cannot be written is refused before anything is scored', async () => {
  const { code, stderr } = await bigrid('calibrate', model, at('today'), '--out', join(model, 'x'));
  expect(stderr).toMatch(/^error OUTPUT_UNWRITABLE: /);
  expect(code).toBe(73);
});
