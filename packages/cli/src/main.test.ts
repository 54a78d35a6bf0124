import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  bigrid,
  ended,
  start,
  tiny,
  useTemporaryFolder,
  writeImages,
} from '../testing/command-line.ts';
import { checkNode } from './main.ts';

const at = useTemporaryFolder();
const root = fileURLToPath(new URL('..', import.meta.url));

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(await bigrid('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test.each(['20.20.2', '22.9.0', '22.12.9'])('Node.js %s is too old', (received) => {
  expect(() => checkNode(received)).toThrow(expect.objectContaining({ code: 'NODE_TOO_OLD' }));
});

test.each(['22.13.0', '24.1.0', '100.0.0'])('Node.js %s is new enough', (received) => {
  expect(() => checkNode(received)).not.toThrow();
});

test.each([
  '',
  'train',
  'inspect',
  'watch',
  'evaluate',
  'calibrate',
  'update',
  'export',
  'drift',
  'info',
  'data',
  'doctor',
  'demo',
])('the help of bigrid %s fits 80 columns and has an example', async (command) => {
  const { code, stdout, stderr } = await bigrid(...(command ? [command] : []), '--help');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^Examples?:\n {2}\$ bigrid /m);
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(81);
});

test('the help lists all commands and loads none of them', async () => {
  const hook = 'load(url, context, next) { console.error(url); return next(url, context); }';
  const preload = `import { registerHooks } from 'node:module'; registerHooks({ ${hook} });`;
  const loading = {
    NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(preload)}"`,
  };
  const { stdout, stderr } = await ended(start(['--help'], loading));
  expect(stderr).toMatch(/commander/);
  expect(stderr).not.toMatch(/commands\/|packages\/node\//);
  const names = [...stdout.matchAll(/^ {2}([a-z]+) {2,}[A-Z]/gm)].map(([, name]) => name);
  expect(names).toHaveLength(16);
  const { stderr: all } = await ended(start(['info', '--help'], loading));
  expect(all).toMatch(/commands\/info\.js/);
  expect(all).not.toMatch(/commands\/(?!info)/);
});

test('the help of train groups the flags for research', async () => {
  const { stdout } = await bigrid('help', 'train');
  const words = stdout.replaceAll(/\s+/g, ' ');
  const [everyday = '', research = ''] = words.split('Ablations:');
  for (const flag of [
    '--out',
    '--profile <fast|accurate|paper>',
    '--seed',
    '--epochs',
    '--size',
    '--orientation <auto|fixed|free>',
    '--light <free|fixed>',
    '--from',
    '--threads',
  ]) {
    expect(everyday).toContain(flag);
  }
  for (const flag of [
    '--grids <name>',
    'normal+restoring, published',
    '[swap, fbp, noise]',
    '--refinement <on|off>',
  ]) {
    expect(research).toContain(flag);
  }
  for (const flag of [
    '--local-resolution',
    '--global-resolution',
    '--branch',
    '--depth',
    '--jitter',
  ]) {
    expect(research).toContain(flag);
  }
});

test.each([
  [['inspct'], "unknown command 'inspct'"],
  [['train', 'x', '--out', 'y', '--epoch', '1'], "unknown option '--epoch'"],
  [['train', 'x'], "required option '--out <file>' not specified"],
  [['inspect', 'x.onnx'], "missing required argument 'path'"],
  [['info', 'x', 'y'], 'too many arguments'],
  [[], 'Usage: bigrid'],
])('%s is a usage error: 64', async (words, said) => {
  const { code, stdout, stderr } = await bigrid(...words);
  expect(stderr).toContain(said);
  expect([code, stdout]).toEqual([64, '']);
});

test.skipIf(process.platform !== 'linux')('a terminal gets bars that fit it', async () => {
  await writeImages(at('good'), 8);
  const words = ['train', at('good'), '--out', at('m.onnx'), ...tiny];
  const command = [process.execPath, join(root, 'bin', 'bigrid.js'), ...words].join(' ');
  const shown = await onTerminal(`stty cols 60; ${command}`);
  if (shown === undefined) return;
  expect(shown).toContain('━━━━━━━━━━━━━━━━');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is looked for
  const lines = shown.replaceAll(/\u001b(\[[0-9;?]*[A-Za-z]|[78])/g, '\r').split(/[\r\n]+/);
  expect(lines.some((line) => line.startsWith('reading'))).toBe(true);
  // Wrapping is off while a bar is drawn, and on again at the end.
  expect(shown.lastIndexOf('\u001b[?7h')).toBeGreaterThan(shown.lastIndexOf('\u001b[?7l'));
});

test.skipIf(process.platform !== 'linux')('on a narrow terminal no word is broken', async () => {
  const command = [process.execPath, join(root, 'bin', 'bigrid.js')].join(' ');
  for (const words of [
    '--help',
    'train --help',
    'calibrate --help',
    'evaluate /nowhere /nothing',
  ]) {
    const shown = await onTerminal(`stty cols 60; ${command} ${words}; true`);
    if (shown === undefined) return;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is left out
    const lines = shown.replaceAll(/\u001b\[[0-9;]*m|\r/g, '').split('\n');
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      // Commands to be copied are not broken.
      if (!/^ +\$ /.test(line)) expect(line.length, line).toBeLessThanOrEqual(60);
    }
  }
});

test('the example of the README runs', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const lines = /```sh\n(?<code>[\s\S]*?)```/.exec(readme)?.groups?.code?.trim().split('\n') ?? [];
  expect(lines).toHaveLength(3);
  await writeImages(at('parts', 'good'), 8);
  await writeImages(at('new'), 2, true);
  for (const line of lines) {
    const quick = line.includes(' train ') ? tiny : [];
    const words = line.replace(/ +#.*/, '').split(' ').slice(1);
    await new Promise<void>((resolve, reject) => {
      const done = (error: Error | null) => (error ? reject(error) : resolve());
      execFile(
        process.execPath,
        [join(root, 'bin', 'bigrid.js'), ...words, ...quick],
        { cwd: at() },
        done,
      );
    });
  }
});

/** What a command draws on a terminal; undefined where there is no `script` to make one. */
function onTerminal(command: string): Promise<string | undefined> {
  const env = { ...process.env, TERM: 'xterm-256color' };
  return new Promise((resolve) => {
    execFile('script', ['-qec', command, '/dev/null'], { env }, (error, stdout) =>
      resolve(error ? undefined : stdout),
    );
  });
}
