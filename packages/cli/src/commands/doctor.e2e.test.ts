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
  await writeProduct(at('bolt'));
  await bigrid('train', at('bolt'), '--out', model, ...tiny);
}, 180_000);

test('this machine: versions, free space, and an engine that computes correctly', async () => {
  const { code, stdout, stderr } = await bigrid('doctor', '--threads', '1');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^this machine: /);
  expect(stdout).toMatch(/^ {2}Node\.js +\d+\.\d+\.\d+$/m);
  expect(stdout).toMatch(
    /^ {2}ok {4}engine .* computes correctly: convolution, antialiased resize/m,
  );
  expect(isPlain(stdout)).toBe(true);
});

test('a model file: it runs, and what its threshold is based on', async () => {
  const { code, stdout } = await bigrid('doctor', model);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^.*model\.onnx: nothing to fix, 1 note$/m);
  expect(stdout).toMatch(
    /^ {2}ok {4}runs +scores a synthetic image \d.* in both runs; anomaly map 256 x 256$/m,
  );
  expect(stdout).toMatch(
    /^ {2}note {2}threshold +Expect at most about 1 in 9 normal images above it/m,
  );
  await write(at('cut.onnx'), 'no model');
  const cut = await bigrid('doctor', at('cut.onnx'));
  expect(cut.code).toBe(1);
  expect(cut.stdout).toMatch(/^ {2}FIX {3}file +BUNDLE_INVALID: /m);
  expect(cut.stderr).toContain('error CHECK_FAILED');
});

test('a folder: findings with images and remedies, as text and as JSON', async () => {
  // Copies of two training images.
  await writeImages(at('bolt', 'test', 'good'), 2);
  const { code, stdout, stderr } = await bigrid('doctor', at('bolt'));
  expect(code).toBe(1);
  expect(stdout).toMatch(/^ {2}FIX {3}copies +2 images in both training and test/m);
  expect(stdout).toContain(
    `${at('bolt', 'train', 'good', '0.png')} = ${at('bolt', 'test', 'good', '0.png')}`,
  );
  expect(stdout).toContain('-> Delete one copy of each.');
  expect(stderr).toContain('checking 12/12');
  const json = await bigrid('doctor', at('bolt'), '--json', '--quiet');
  const { subject, findings } = JSON.parse(json.stdout);
  expect(subject).toBe('data');
  const copies = findings.find(({ check }: { check: string }) => check === 'copies');
  expect(copies).toMatchObject({ level: 'fix' });
  expect(copies.paths).toHaveLength(2);
  expect(json.code).toBe(1);
});

test('a folder without problems exits with 0, with notes', async () => {
  await writeImages(at('plain'), 5);
  const { code, stdout } = await bigrid('doctor', at('plain'), '--quiet');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^.*plain: nothing to fix, \d notes?$/m);
  expect((await bigrid('doctor', at('nowhere'))).code).toBe(1);
});
