import { readFile, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  ended,
  imageBytes,
  interruptAt,
  start,
  trainTiny,
  truncatedJpeg,
  useTemporaryFolder,
  write,
  writeImages,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let model: string;

beforeAll(async () => {
  model = await trainTiny(at);
  // By this rule the threshold is the highest score of the good images: none of them is above it.
  await bigrid('calibrate', model, at('good'), '--out', model, '--threshold', 'max-fpr:0.2');
  await writeImages(at('many'), 60);
});

async function logged(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8');
  expect(text.endsWith('\n') || text === '').toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

async function lineCount(file: string): Promise<number> {
  return (await readFile(file, 'utf8').catch(() => '')).split('\n').length - 1;
}

test('a batch that is killed again and again loses nothing and repeats nothing', async () => {
  const log = at('killed', 'log.jsonl');
  const words = ['inspect', model, at('many'), '--log', log, '--json', '--threads', '1'];
  const printed: string[] = [];
  let kills = 0;
  for (let goal = 15; goal <= 45; goal += 15) {
    const child = start(words);
    const result = ended(child);
    while ((await lineCount(log)) < goal) await setTimeout(2);
    child.kill('SIGKILL');
    const { code, stdout } = await result;
    expect(code).toBe(137);
    printed.push(...stdout.split('\n').slice(0, -1));
    kills++;
  }
  expect(kills).toBe(3);
  const last = await bigrid(...words);
  expect(last.code).toBe(0);
  expect(last.stderr).toMatch(/60 images: \d+ anomalous, \d+ normal; \d\d of them from /);
  printed.push(...last.stdout.trimEnd().split('\n'));
  const records = await logged(log);
  const expected = Array.from({ length: 60 }, (_, i) => at('many', `${i}.png`));
  expect(records.map(({ path }) => path)).toEqual(expected);
  // A kill can come between logging and printing, so only the log has all results.
  const paths = printed.map((line) => JSON.parse(line).path);
  expect(new Set(paths).size).toBe(paths.length);
  expect(paths.length).toBeGreaterThanOrEqual(60 - kills);
  const { size } = await stat(at('many', '0.png'));
  expect(records[0]).toMatchObject({ file: { size }, bundle: expect.stringMatching(/^\w{16}$/) });
  expect(Date.parse(String(records[0]?.at))).toBeGreaterThan(Date.now() - 120_000);
});

test('with another threshold images are inspected again', async () => {
  const log = at('changed.jsonl');
  const names = async (...more: string[]) => {
    const words = ['inspect', model, at('good', '0.png'), '--log', log, '--json', ...more];
    return (await bigrid(...words)).stdout.split('\n').length - 1;
  };
  expect(await names()).toBe(1);
  expect(await names()).toBe(0);
  expect(await names('--threshold', '0')).toBe(1);
});

test('a corrupt image is not tried again; one without read permission is', async () => {
  await write(at('mixed', '1.png'), await imageBytes(1));
  await write(at('mixed', '2.jpg'), await truncatedJpeg());
  const log = at('mixed.jsonl');
  const input = [at('mixed', '1.png'), at('mixed', '2.jpg'), at('mixed', '3.png')].join('\n');
  const run = () => {
    const child = start(['inspect', model, '-', '--log', log, '--threads', '1']);
    child.stdin?.end(input);
    return ended(child);
  };
  expect((await run()).stderr).toContain('3 images: 0 anomalous, 1 normal, 2 unreadable\n');
  await write(at('mixed', '3.png'), await imageBytes(1));
  const { code, stdout, stderr } = await run();
  expect(JSON.parse(stdout)).toMatchObject({ path: at('mixed', '3.png'), isAnomalous: false });
  expect(stderr).toContain('3 images: 0 anomalous, 2 normal, 1 unreadable; 2 of them from ');
  // The batch still has an unreadable image.
  expect(code).toBe(1);
  const codes = (await logged(log)).map((record) => (record.error as { code: string })?.code);
  expect(codes).toEqual([undefined, 'IMAGE_UNREADABLE', 'PATH_MISSING', undefined]);
});

test('Ctrl-C stops after the current image, and the next run continues', async () => {
  const log = at('stopped.jsonl');
  const words = ['inspect', model, at('many'), '--log', log, '--json', '--threads', '1'];
  // Enough images for the interruption to come before the end.
  await writeImages(at('many', 'more'), 140);
  const stopped = await interruptAt((output) => output.includes('.png'), words);
  expect(stopped.code).toBe(130);
  const done = stopped.stdout.trimEnd().split('\n');
  expect(done.length).toBeLessThan(200);
  expect(stopped.stderr).toContain(`${done.length} image`);
  expect(await lineCount(log)).toBe(done.length);
  const { code, stdout } = await bigrid(...words, '--out', at('maps'));
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(200 - done.length);
  expect(new Set((await logged(log)).map(({ path }) => path)).size).toBe(200);
});

test('a file that is not a log is refused and stays unchanged', async () => {
  await write(at('other.txt'), 'a note');
  const words = ['inspect', model, at('good'), '--log', at('other.txt')];
  const { code, stdout, stderr } = await bigrid(...words);
  expect(stderr).toMatch(/^error LOG_INVALID: Expected a log of inspections at .*other\.txt/);
  expect([code, stdout]).toEqual([65, '']);
  expect(await readFile(at('other.txt'), 'utf8')).toBe('a note');
});

test('two runs cannot write one log; a kill leaves no lock behind', async () => {
  const log = at('shared.jsonl');
  const first = start(['inspect', model, '-', '--log', log, '--threads', '1']);
  const firstEnded = ended(first);
  first.stdin?.on('error', () => {}).write(`${at('good', '0.png')}\n`);
  await new Promise((resolve) => first.stdout?.once('data', resolve));
  const words = ['inspect', model, at('good'), '--log', log, '--json'];
  const second = await bigrid(...words);
  expect([second.code, second.stdout]).toEqual([75, '']);
  expect(second.stderr).toMatch(/error IN_USE: Expected \S+ to be free but /);
  first.kill('SIGKILL');
  await firstEnded;
  const third = await bigrid(...words);
  expect([third.code, third.stdout.trimEnd().split('\n').length]).toEqual([0, 7]);
});
