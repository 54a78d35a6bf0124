import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSyntheticLine } from './synthetic/line.ts';
import { train } from './train.ts';

const examples = join(import.meta.dirname, '../../../examples');
const script = (name: string) => join(examples, `${name}.mjs`);
const run = (name: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [script(name), ...args], { encoding: 'utf8' });

let folder: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-examples-'));
  model = join(folder, 'part.onnx');
  const few = { goodCount: 8, testGoodCount: 2, defectCount: 1, size: 64 };
  await writeSyntheticLine(join(folder, 'part'), few);
  await train(join(folder, 'part'), { size: 64, epochs: 1, seed: 1, out: model });
});
afterAll(() => rm(folder, { recursive: true }));

/** Waits until a program has printed a line that matches. */
async function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpMatchArray> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += chunk;
    const match = text.match(pattern);
    if (match) return match;
  }
  throw new Error(`Expected ${pattern} but received ${text}`);
}

test('camera-loop inspects frames and ends', async () => {
  const { stdout, stderr } = await run('camera-loop', model);
  expect(stderr).toBe('');
  const lines = stdout.trim().split('\n');
  const dropped = Number(lines.at(-1)?.match(/^(\d+) frames dropped$/)?.[1] ?? 0);
  const verdicts = lines.filter((line) => /^frame \d+: (normal|anomalous), [\d.]+ of /.test(line));
  expect(verdicts.length + dropped).toBe(20);
  expect(verdicts.length).toBeGreaterThan(0);
});

test('http-server inspects what is posted, answers with errors, and ends', async () => {
  const child = spawn(process.execPath, [script('http-server'), model, '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    const [, port] = await printed(child, /Listening on port (\d+)/);
    const post = (body: Uint8Array<ArrayBuffer>) =>
      fetch(`http://localhost:${port}/inspect`, { method: 'POST', body });
    const image = new Uint8Array(await readFile(join(folder, 'part/test/good/000.png')));
    const answers = await Promise.all([1, 2, 3].map(() => post(image)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await answers[0]?.json()).toMatchObject({
      score: expect.any(Number),
      verdict: expect.stringMatching(/normal|anomalous/),
    });
    const refused = await post(Uint8Array.of(1, 2, 3));
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ code: 'IMAGE_UNREADABLE' });
    expect((await fetch(`http://localhost:${port}/`)).status).toBe(404);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toEqual([0, null]);
});

test('train-with-progress shows progress, and is cancelled by Ctrl-C', async () => {
  const out = join(folder, 'own.onnx');
  const args = [join(folder, 'part'), out, '64'];
  const child = spawn(process.execPath, [script('train-with-progress'), ...args, '500'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  await printed(child, /cross-fitting: \d+ %/);
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  const other = join(folder, 'other.onnx');
  const { stdout } = await run('train-with-progress', join(folder, 'part'), other, '64', '1');
  expect(stdout).toMatch(/^reading: 0 %/);
  expect(stdout).toMatch(/Threshold [\d.]+, written to .*other\.onnx\n$/);
});

test('batch hands back what entries carry, with an exit code for those that failed', async () => {
  const good = await run('batch', model, join(folder, 'part/test/good'));
  expect(good.stdout.trim().split('\n')).toEqual([
    'order,file,verdict,score',
    expect.stringMatching(/^1000,000\.png,(normal|anomalous),[\d.]+$/),
    expect.stringMatching(/^1001,001\.png,(normal|anomalous),[\d.]+$/),
  ]);
  await writeFile(join(folder, 'part/test/good/002.png'), 'no image');
  await expect(run('batch', model, join(folder, 'part/test/good'))).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('1002,002.png,IMAGE_UNREADABLE,\n'),
  });
});
