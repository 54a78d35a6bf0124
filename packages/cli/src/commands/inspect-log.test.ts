import { appendFile, chmod, readFile, stat, truncate, utimes } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  ended,
  interruptAt,
  pictureBytes,
  start,
  tiny,
  truncatedJpeg,
  useTemporaryFolder,
  write,
  writePictures,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let model: string;

beforeAll(async () => {
  model = at('model.onnx');
  await writePictures(at('good'), 8);
  await bigrid('train', at('good'), '--out', model, ...tiny);
  await writePictures(at('many'), 60);
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
    expect(code).toBeNull();
    printed.push(...stdout.split('\n').slice(0, -1));
    kills++;
  }
  expect(kills).toBe(3);
  const last = await bigrid(...words);
  expect(last.code).toBe(0);
  expect(last.stderr).toMatch(/60 pictures: \d+ anomalous, \d+ normal; \d\d of them from /);
  printed.push(...last.stdout.trimEnd().split('\n'));
  const records = await logged(log);
  const expected = Array.from({ length: 60 }, (_, i) => at('many', `${i}.png`));
  expect(records.map(({ path }) => path)).toEqual(expected);
  // A kill can come between the line and its print, so that the log alone has all.
  const paths = printed.map((line) => JSON.parse(line).path);
  expect(new Set(paths).size).toBe(paths.length);
  expect(paths.length).toBeGreaterThanOrEqual(60 - kills);
  const { size } = await stat(at('many', '0.png'));
  expect(records[0]).toMatchObject({ file: { size }, bundle: expect.stringMatching(/^\w{16}$/) });
  expect(Date.parse(String(records[0]?.time))).toBeGreaterThan(Date.now() - 120_000);
});

test('a last line that was cut short is taken away, wherever it was cut', async () => {
  const log = at('cut.jsonl');
  const words = ['inspect', model, at('good'), '--log', log, '--json', '--threads', '1'];
  await bigrid(...words);
  const whole = await logged(log);
  const { size } = await stat(log);
  const lastLine = (await readFile(log, 'utf8')).trimEnd().split('\n').at(-1)?.length ?? 0;
  for (const cut of [1, 5, Math.floor(lastLine / 2), lastLine]) {
    await truncate(log, size - cut);
    const { code, stdout } = await bigrid(...words);
    expect([code, stdout.trimEnd().split('\n')]).toEqual([0, [expect.stringContaining('7.png')]]);
    const mended = await logged(log);
    expect(mended.map(({ time: _, ...rest }) => rest)).toEqual(
      whole.map(({ time: _, ...rest }) => rest),
    );
  }
});

test('what has changed is inspected again: the file, the bundle, the threshold', async () => {
  const log = at('changed.jsonl');
  const names = async (...more: string[]) => {
    const { stdout } = await bigrid('inspect', model, at('new'), '--log', log, '--json', ...more);
    const lines = stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line).path.slice(-5));
  };
  await writePictures(at('new'), 3);
  expect(await names()).toEqual(['0.png', '1.png', '2.png']);
  expect(await names()).toEqual([]);
  await utimes(at('new', '1.png'), new Date(), new Date(Date.now() - 5000));
  expect(await names()).toEqual(['1.png']);
  expect(await names('--threshold', '0')).toEqual(['0.png', '1.png', '2.png']);
  expect(await names('--threshold', '0')).toEqual([]);
  expect(await names()).toEqual([]);
});

test('an unreadable picture is done with; one that may not be read is tried again', async () => {
  await write(at('mixed', '1.png'), await pictureBytes(1));
  await write(at('mixed', '2.jpg'), await truncatedJpeg());
  const log = at('mixed.jsonl');
  const input = [at('mixed', '1.png'), at('mixed', '2.jpg'), at('mixed', '3.png')].join('\n');
  const run = () => {
    const child = start(['inspect', model, '-', '--log', log, '--threads', '1']);
    child.stdin?.end(input);
    return ended(child);
  };
  expect((await run()).stderr).toContain('3 pictures: 0 anomalous, 1 normal, 2 unreadable\n');
  await write(at('mixed', '3.png'), await pictureBytes(2));
  const { code, stdout, stderr } = await run();
  expect(JSON.parse(stdout)).toMatchObject({ path: at('mixed', '3.png'), isAnomalous: false });
  expect(stderr).toContain('3 pictures: 0 anomalous, 2 normal, 1 unreadable; 2 of them from ');
  // The batch still has one that could not be read.
  expect(code).toBe(1);
  const codes = (await logged(log)).map((record) => (record.error as { code: string })?.code);
  expect(codes).toEqual([undefined, 'PICTURE_UNREADABLE', 'PATH_MISSING', undefined]);
});

test('Ctrl-C ends after the picture under way, and the next run goes on', async () => {
  const log = at('stopped.jsonl');
  const words = ['inspect', model, at('many'), '--log', log, '--json', '--threads', '1'];
  // Room for the interruption to come before the end.
  await writePictures(at('many', 'more'), 300);
  const stopped = await interruptAt((output) => output.includes('.png'), words);
  expect(stopped.code).toBe(130);
  const done = stopped.stdout.trimEnd().split('\n');
  expect(done.length).toBeLessThan(360);
  expect(stopped.stderr).toContain(`${done.length} picture`);
  expect(await lineCount(log)).toBe(done.length);
  const { code, stdout } = await bigrid(...words, '--out', at('maps'));
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(360 - done.length);
  expect(new Set((await logged(log)).map(({ path }) => path)).size).toBe(360);
});

test('a file that is no log is refused and stays as it is', async () => {
  for (const content of [
    'a note',
    '{"time":"now"}\n',
    `${JSON.stringify({ a: 1 })}\n`,
    'x\n{"ti',
  ]) {
    await write(at('other.txt'), content);
    const { code, stdout, stderr } = await bigrid(
      'inspect',
      model,
      at('good'),
      '--log',
      at('other.txt'),
    );
    expect(stderr).toMatch(/^error LOG_INVALID: Expected a log of inspections at .*other\.txt/);
    expect([code, stdout]).toEqual([65, '']);
    expect(await readFile(at('other.txt'), 'utf8')).toBe(content);
  }
  const { code, stderr } = await bigrid('inspect', model, at('good'), '--log', at('good'));
  expect([code, stderr]).toEqual([73, expect.stringContaining('error OUTPUT_UNWRITABLE: ')]);
});

test('two at once do not write one log; a kill leaves nothing in the way', async () => {
  const log = at('shared.jsonl');
  const first = start(['inspect', model, '-', '--log', log, '--threads', '1']);
  const firstEnded = ended(first);
  first.stdin?.on('error', () => {}).write(`${at('good', '0.png')}\n`);
  await new Promise((resolve) => first.stdout?.once('data', resolve));
  const words = ['inspect', model, at('good'), '--log', log, '--json'];
  const second = await bigrid(...words);
  expect([second.code, second.stdout]).toEqual([75, '']);
  expect(second.stderr).toContain('error IN_USE: Expected to be alone at ');
  first.kill('SIGKILL');
  await firstEnded;
  const third = await bigrid(...words);
  expect([third.code, third.stdout.trimEnd().split('\n').length]).toEqual([0, 7]);
});

test('a full disk is said, and what was written before stays', async () => {
  await appendFile(at('read-only.jsonl'), '');
  await chmod(at('read-only.jsonl'), 0o400);
  const root = process.getuid?.() === 0;
  const log = root ? '/dev/full' : at('read-only.jsonl');
  const { code, stderr } = await bigrid('inspect', model, at('good'), '--log', log);
  expect([code, stderr]).toEqual([73, expect.stringContaining('error OUTPUT_UNWRITABLE: ')]);
});
