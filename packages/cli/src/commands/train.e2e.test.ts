import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  ended,
  interruptAt,
  isPlain,
  start,
  tiny,
  truncatedJpeg,
  useTemporaryFolder,
  write,
  writeImages,
  writeKinds,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let good: string;

beforeAll(async () => {
  good = at('part', 'good');
  await writeImages(good, 8);
  await writeImages(at('ruled'), 16);
});

test('a training writes one file, says what it was trained on and what to do next', async () => {
  const out = at('deep', 'er', 'model.onnx');
  const { code, stdout, stderr } = await bigrid('train', at('part'), '--out', out, ...tiny);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^Wrote .*model\.onnx \(\d\.\d MB\) in 0:\d\d: trained on 6 good images, 8 scored by cross-fitting for .*\nExpect at most about 1 in 9 normal images above it \(from 8 images, cross-fitted\)\.\n$/,
  );
  expect(stderr).toContain('reading 8/8');
  expect(stderr).toMatch(/cross-fitting 3\/3, .*steps\/s/);
  expect(stderr).toMatch(/normal grid 1\/1, .*loss \d/);
  expect(stderr).toContain('calibrating 2/2');
  // In a project that depends on it, the shell does not find it.
  expect(stderr).toContain('Next:\n  npx bigrid inspect');
  expect((await readdir(at('deep', 'er'))).sort()).toEqual(['model.onnx', 'model.replay']);
});

test('piped output has no escape codes and no carriage returns', async () => {
  const { stdout, stderr } = await bigrid('train', good, '--out', at('plain.onnx'), ...tiny);
  expect(isPlain(stdout + stderr)).toBe(true);
});

test('--quiet prints only the result', async () => {
  const { stdout, stderr } = await bigrid('train', good, '--out', at('q.onnx'), '--quiet', ...tiny);
  expect(stdout).toMatch(/^Wrote /);
  expect(stderr).toBe('');
});

test('the same seed gives the same bytes apart from the time; another seed gives different ones', async () => {
  const run = async (name: string, seed: string) => {
    await bigrid('train', good, '--out', at(name), '--seed', seed, ...tiny);
    return (await readFile(at(name), 'latin1')).replace(/"createdAt":"[^"]*"/, '');
  };
  const [first, second, other] = await Promise.all([
    run('1.onnx', '7'),
    run('2.onnx', '7'),
    run('3.onnx', '8'),
  ]);
  expect(first.length).toBeGreaterThan(1_000_000);
  expect(second === first).toBe(true);
  expect(other === first).toBe(false);
});

test('flags for research reach the method', async () => {
  const out = at('ablation.onnx');
  const flags = [
    '--grids',
    'normal',
    '--local-resolution',
    '8',
    '--branch',
    'basic',
    '--depth',
    '1',
    '--jitter',
    '0',
  ];
  expect((await bigrid('train', good, '--out', out, ...flags, ...tiny)).code).toBe(0);
  const { manifest } = JSON.parse((await bigrid('info', out, '--json')).stdout);
  const chosen = {
    grids: 'normal',
    localResolution: 8,
    branch: 'basic',
    depth: 1,
    jitter: 0,
    inputSize: 64,
    cells: 8,
  };
  expect(manifest.method).toMatchObject(chosen);
});

test('a product that lies freely is said to, by train and by info', async () => {
  const out = at('free.onnx');
  const { stdout } = await bigrid('train', good, '--out', out, '--orientation', 'free', ...tiny);
  expect(stdout).toMatch(/trained on 6 good images, which lie freely, 8 scored by cross-fitting/);
  const info = await bigrid('info', out);
  expect(info.stdout).toContain('a memory of normal cells; images at 64 x 64');
  expect(info.stdout).toMatch(/lies freely +turned at any angle\n/);
  const inspected = await bigrid('inspect', out, good, '--json');
  expect(inspected.stdout.trim().split('\n')).toHaveLength(8);
});

test('--from continues from a model and keeps its method', async () => {
  const [before, after] = [at('before.onnx'), at('after.onnx')];
  await bigrid('train', good, '--out', before, ...tiny);
  const again = await bigrid('train', good, '--out', after, '--from', before, '--epochs', '2');
  expect(again.code).toBe(0);
  const { manifest } = JSON.parse((await bigrid('info', after, '--json')).stdout);
  expect(manifest.method.inputSize).toBe(64);
  expect(manifest.schedule.epochs).toBe(2);
  expect((await readFile(after)).equals(await readFile(before))).toBe(false);

  const both = await bigrid('train', good, '--out', after, '--from', before, '--size', '64');
  expect(both.code).toBe(64);
  expect(both.stderr).toMatch(/error OPTION_INVALID: Expected --from without --size/);
});

test('unreadable images are named, counted and skipped', async () => {
  const mixed = at('mixed', 'good');
  await writeImages(mixed, 8);
  // Which ones are held out depends on the seed; they are skipped in any case.
  await write(join(mixed, 'cut.jpg'), await truncatedJpeg());
  await write(join(mixed, 'text.png'), 'not an image');
  const out = at('mixed.onnx');
  const { code, stderr } = await bigrid('train', at('mixed'), '--out', out, ...tiny);
  expect(code).toBe(0);
  expect(stderr).toContain('Skipped 2 images that could not be read:');
  expect(stderr).toMatch(/Expected a whole image for .*cut\.jpg/);
  expect(stderr).toMatch(/text\.png/);
  const { manifest } = JSON.parse((await bigrid('info', out, '--json')).stdout);
  expect(manifest.training).toMatchObject({ skipped: 2 });
  expect(manifest.training.images + manifest.training.heldOut).toBe(8);
});

test('images of one pixel and of many kinds are all trained on', async () => {
  const kinds = at('kinds');
  await writeImages(kinds, 4);
  await writeKinds(kinds, 9);
  const { code, stdout, stderr } = await bigrid('train', kinds, '--out', at('kinds.onnx'), ...tiny);
  expect(stderr).not.toContain('Skipped');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /trained on \d+ good images, which lie freely, 10 scored by cross-fitting/,
  );
});

test.each([
  ['an empty folder', 'DATA_EMPTY', async () => write(at('empty', '.keep'), ''), 'empty', 65],
  [
    'a folder with defects alone',
    'DATA_NO_GOOD',
    () => writeImages(at('bad', 'test', 'bad'), 1),
    'bad',
    65,
  ],
  ['too few images', 'DATA_TOO_FEW', () => writeImages(at('few'), 3), 'few', 65],
  [
    'images none of which can be read',
    'DATA_TOO_FEW',
    () => textsAsImages(at('texts')),
    'texts',
    65,
  ],
  ['no such folder', 'PATH_MISSING', async () => {}, 'nowhere', 66],
] as const)('%s is refused with %s', async (_what, expected, prepare, name, exitCode) => {
  await prepare();
  const { code, stdout, stderr } = await bigrid('train', at(name), '--out', at('no.onnx'), ...tiny);
  expect(stderr).toMatch(
    new RegExp(`^error ${expected}: Expected .* but received .*\n  \\w.*\n$`, 'ms'),
  );
  expect(code).toBe(exitCode);
  expect(stdout).toBe('');
  await expect(stat(at('no.onnx'))).rejects.toThrow();
});

test.each([
  [['--epochs', '0'], 'an integer from 1 to 10000 for --epochs but received 0'],
  [['--epochs', 'many'], 'an integer from 1 to 10000 for --epochs but received many'],
  [['--size', '60'], 'an integer from 64 to 1024 for --size but received 60'],
  [
    ['--size', '100'],
    'a multiple of 32 for --size with the backbone efficientnet-lite0 but received 100',
  ],
  [['--seed', '-1'], 'an integer from 0 to 2147483647 for --seed but received -1'],
  [
    ['--grids', 'both'],
    'one of gaussian+restoring, restoring, normal, normal+restoring, published, published-abnormal, none for --grids but received both',
  ],
  [['--jitter', ''], 'a number from 0 to 1 for --jitter but received nothing'],
  [['--threads', '0'], 'an integer from 1 to 1024 for --threads but received 0'],
])('%s is refused', async (flags, expected) => {
  const { code, stderr } = await bigrid('train', good, '--out', at('no.onnx'), ...flags);
  expect(stderr).toContain(`error OPTION_INVALID: Expected ${expected}\n`);
  expect(code).toBe(64);
});

test('--threshold and --unsure set the verdicts', async () => {
  const out = at('ruled.onnx');
  const rules = ['--threshold', 'sigma:3', '--unsure', 'quantile:0'];
  expect((await bigrid('train', at('ruled'), '--out', out, ...rules, ...tiny)).code).toBe(0);
  const { manifest } = JSON.parse((await bigrid('info', out, '--json')).stdout);
  const { scores, rule, threshold, unsure } = manifest.calibration;
  expect([rule, unsure]).toEqual(['sigma:3', { rule: 'quantile:0', threshold: scores[0] }]);
  expect(threshold).toBeGreaterThan(scores[1]);
});

test.each([
  ['best', 'OPTION_INVALID', 'Expected quantile:Q'],
  ['f1', 'THRESHOLD_UNSUPPORTED', 'Expected a threshold that good images suffice for'],
  [
    'max-fpr:0.05',
    'THRESHOLD_UNSUPPORTED',
    'Expected at least 19 normal images of different parts for the threshold max-fpr:0.05 but received 16',
  ],
  ['max-fpr:1e-3', 'THRESHOLD_UNSUPPORTED', 'Expected at least 999 normal images'],
])('--threshold %s is refused before training', async (rule, code, expected) => {
  const words = ['train', at('ruled'), '--out', at('no.onnx'), '--threshold', rule, ...tiny];
  const { stderr } = await bigrid(...words);
  expect(stderr).toContain(`error ${code}: ${expected}`);
  expect(stderr).not.toContain('reading');
});

test.each([
  [
    'abacus',
    'OPTION_INVALID',
    'Expected one of cpu, cuda, webgpu, coreml, dml, auto for --device',
    64,
  ],
  ['dml', 'DEVICE_MISSING', 'cpu', 69],
])('--device %s is refused with %s', async (device, code, expected, exitCode) => {
  // DirectML exists only on Windows.
  if (process.platform === 'win32' && device === 'dml') return;
  const out = at('device.onnx');
  const ended = await bigrid('train', good, '--out', out, '--device', device, ...tiny);
  expect(ended.stderr).toContain(`error ${code}: `);
  expect(ended.stderr).toContain(expected);
  expect(ended.code).toBe(exitCode);
  await expect(stat(out)).rejects.toThrow();
});

test('a custom backbone is trained on, and info names it', async () => {
  const foreign = new URL('../../../method/src/goldens/foreign.onnx', import.meta.url);
  await write(at('small-net.onnx'), await readFile(foreign));
  const backbone = ['--backbone', at('small-net.onnx'), '--backbone-mean', '127.5, 127.5,127.5'];
  const out = at('own.onnx');
  const words = ['train', good, '--out', out, ...backbone, '--taps', '/block1/joined, gated'];
  const { code, stderr } = await bigrid(...words, ...tiny);
  expect([code, stderr]).toEqual([0, expect.stringContaining('calibrating 2/2')]);
  const info = await bigrid('info', out);
  expect(info.stdout).toContain('on small-net (CC0-1.0)');
});

test.each([
  [['--taps', 'a,,b'], 'numbers or names, as in a,b,c, for --taps but received a,,b'],
  [['--taps', 'layer1'], 'taps from 0 to 15 for EfficientNet-Lite0 but received layer1'],
  [['--backbone-mean', '1,2'], 'three numbers, as in 123.7,116.3,103.5, for --backbone-mean but'],
  [['--backbone', 'net.pth'], 'a .safetensors or .onnx file for --backbone but received net.pth'],
])('%s is refused', async (flags, expected) => {
  const { code, stderr } = await bigrid('train', good, '--out', at('no.onnx'), ...flags, ...tiny);
  expect(stderr).toContain(`error OPTION_INVALID: Expected ${expected}`);
  expect(code).toBe(64);
});

test('an output that cannot be written is refused before anything is read', async () => {
  await write(at('file'), '');
  const { code, stderr } = await bigrid('train', good, '--out', at('file', 'model.onnx'), ...tiny);
  expect(stderr).toMatch(/^error OUTPUT_UNWRITABLE: /);
  expect(stderr).not.toContain('reading');
  expect(code).toBe(73);
});

test('Ctrl-C ends a training with 130 and leaves no file behind', async () => {
  await write(at('stopped', 'other.txt'), '');
  const words = [
    'train',
    good,
    '--out',
    at('stopped', 'model.onnx'),
    '--epochs',
    '9999',
    '--size',
    '64',
  ];
  const { code, stdout, stderr } = await interruptAt(
    (output) => output.includes('reading 8/8'),
    words,
  );
  expect(code).toBe(130);
  expect(stdout).toBe('');
  expect(stderr).toContain('Stopping; press Ctrl-C again');
  expect(stderr).toMatch(/error CANCELLED: .*\n {2}Start it again/);
  expect(await readdir(at('stopped'))).toEqual(['other.txt']);
});

test('a second Ctrl-C stops immediately', async () => {
  const words = ['train', good, '--out', at('stopped.onnx'), '--epochs', '9999', '--size', '64'];
  const { code } = await interruptAt((output) => output.includes('reading 8/8'), words, 2);
  expect(code).toBe(130);
  await expect(stat(at('stopped.onnx'))).rejects.toThrow();
});

test('bugs exit with 70, and with a stack trace if DEBUG is set', async () => {
  // A preloaded module that breaks something no input can break.
  await write(
    at('break.mjs'),
    "Object.defineProperty(globalThis, 'performance', { get() { throw new Error('broken clock'); } });",
  );
  const words = ['train', good, '--out', at('x.onnx'), ...tiny];
  const options = `--import=${at('break.mjs')}`;
  const plain = await ended(start(words, { NODE_OPTIONS: options }));
  expect(plain.code).toBe(70);
  expect(plain.stderr).toMatch(/error INTERNAL: broken clock\n {2}This is a bug in Bigrid/);
  expect(plain.stderr).not.toMatch(/^ +at /m);
  const detailed = await ended(start(words, { NODE_OPTIONS: options, DEBUG: '1' }));
  expect(detailed.stderr).toMatch(/^ +at /m);
});

async function textsAsImages(dir: string): Promise<void> {
  for (let i = 0; i < 6; i++) await write(join(dir, `${i}.png`), 'not an image');
}
