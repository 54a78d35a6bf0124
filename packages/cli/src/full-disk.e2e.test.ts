import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  bigrid,
  bin,
  type Ended,
  ended,
  imageBytes,
  tiny,
  trainTiny,
  useTemporaryFolder,
  write,
  writeProduct,
} from '../testing/command-line.ts';

const at = useTemporaryFolder();
beforeAll(async () => {
  await trainTiny(at);
  await writeProduct(at('product'));
  await write(at('watched', '0.png'), await imageBytes(0));
  for (let seed = 20; seed < 32; seed++)
    await write(at('fresh', `${seed}.png`), await imageBytes(seed));
  await bigrid('inspect', at('model.onnx'), at('fresh'), '--log', at('log.jsonl'));
});

/** Runs the command line with its output on a device that is always full. */
function onFullDisk(words: readonly string[], ...streams: ('stdout' | 'stderr')[]): Promise<Ended> {
  const full = openSync('/dev/full', 'w');
  const to = (name: 'stdout' | 'stderr') => (streams.includes(name) ? full : 'pipe');
  const child = spawn(process.execPath, [bin, ...words], {
    stdio: ['ignore', to('stdout'), to('stderr')],
  });
  closeSync(full);
  return ended(child);
}

/** Every command, with arguments that make it print something. */
const commands: readonly (readonly [string, () => readonly string[]])[] = [
  ['--help', () => []],
  ['--version', () => []],
  ['help', () => ['train']],
  ['train', () => [at('good'), '--out', at('trained.onnx'), ...tiny]],
  ['inspect', () => [at('model.onnx'), at('good')]],
  ['inspect', () => [at('model.onnx'), at('good'), '--format', 'jsonl']],
  ['inspect', () => [at('model.onnx'), at('good'), '--format', 'json']],
  ['inspect', () => [at('model.onnx'), at('good'), '--format', 'csv']],
  ['watch', () => [at('model.onnx'), at('watched')]],
  ['serve', () => ['--data', at('server'), '--port', '0', '--log-level', 'silent']],
  // Otherwise they open a browser, or need Redis.
  ['studio', () => ['--help']],
  ['worker', () => ['--help']],
  ['evaluate', () => [at('model.onnx'), at('product')]],
  ['calibrate', () => [at('model.onnx'), at('fresh'), '--out', at('c.onnx')]],
  ['update', () => [at('model.onnx'), at('fresh'), '--out', at('u.onnx')]],
  ['export', () => [at('model.onnx'), '--float16', '--out', at('exported.onnx')]],
  ['drift', () => [at('model.onnx'), at('log.jsonl')]],
  ['info', () => [at('model.onnx')]],
  ['info', () => [at('model.onnx'), '--json']],
  ['data', () => [at('product')]],
  ['doctor', () => []],
  ['demo', () => ['--out', at('demo'), '--data', at('product'), '--epochs', '1']],
];

test('every command is tried', async () => {
  const { stdout } = await bigrid('--help');
  const [, listed = ''] = stdout.split('Commands:');
  const names = [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
  expect(names.filter((name) => !commands.some(([command]) => command === name))).toEqual([]);
});

describe.skipIf(process.platform !== 'linux')('on a full disk', () => {
  test.each(commands)('%s says once that its results are missed', async (command, rest) => {
    const { code, stderr } = await onFullDisk([command, ...rest()], 'stdout');
    expect(stderr).toContain(
      'error OUTPUT_UNWRITABLE: Expected to write standard output but received: no space left on the disk (ENOSPC)\n',
    );
    expect(stderr.match(/error|\n {4}at /g)).toHaveLength(1);
    expect(code).toBe(73);
  });

  test.each([
    ['work is done', 73, () => ['export', at('model.onnx'), '--float16', '--out', at('e.onnx')]],
    ['results are printed', 73, () => ['inspect', at('model.onnx'), at('good')]],
    ['an error keeps its exit code', 66, () => ['info', at('missing.onnx')]],
    ['so does a mistake in the command line', 64, () => ['inspct']],
  ] as const)('without messages, %s', async (_, exitCode, words) => {
    const known = await bigrid(...words());
    const { code, stdout } = await onFullDisk(words(), 'stderr');
    expect([code, stdout]).toEqual([exitCode, known.stdout]);
    expect((await onFullDisk(words(), 'stdout', 'stderr')).code).toBe(exitCode);
  });
});

test.skipIf(process.platform === 'win32')(
  'a disk that fills up amid a write cuts results, which is said',
  async () => {
    // A file may have one block, of 512 or 1,024 bytes.
    const command = `ulimit -f 1; exec "$0" "$@" > '${at('help.txt')}'`;
    const words = [process.execPath, bin, 'train', '--help'];
    const { code, stderr } = await ended(spawn('sh', ['-c', command, ...words]));
    expect(stderr).toMatch(
      /^error OUTPUT_UNWRITABLE: Expected to write standard output but .*\(EFBIG\)\n.*\n$/,
    );
    expect(code).toBe(73);
    const { stdout } = await bigrid('train', '--help');
    expect(stdout.startsWith(await readFile(at('help.txt'), 'utf8'))).toBe(true);
  },
);
