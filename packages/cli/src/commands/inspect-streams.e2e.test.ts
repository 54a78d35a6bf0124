import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  type Ended,
  ended,
  imageBytes,
  pagesBytes,
  start,
  trainTiny,
  truncatedJpeg,
  useTemporaryFolder,
  write,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let model: string;

beforeAll(async () => {
  model = await trainTiny(at);
  // By this rule the threshold is the highest score of the good images: none of them is above it.
  await bigrid('calibrate', model, at('good'), '--out', model, '--threshold', 'max-fpr:0.2');
  await write(at('spot.png'), await imageBytes(2, true));
});

/** Runs `bigrid inspect MODEL -` with this on its standard input. */
function piped(input: string | Uint8Array, ...flags: string[]): Promise<Ended> {
  const child = start(['inspect', model, '-', '--threads', '1', ...flags]);
  child.stdin?.end(input);
  return ended(child);
}

function parsed({ stdout }: Ended): { path: string; [name: string]: unknown }[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('prints the result of each path on standard input before the next one arrives', async () => {
  const child = start(['inspect', model, '-', '--threads', '1']);
  const result = ended(child);
  const lines: string[] = [];
  child.stdout?.on('data', (text: string) => lines.push(...text.trimEnd().split('\n')));
  const paths = [at('good', '0.png'), at('spot.png'), at('good', '1.png')];
  for (const [index, path] of paths.entries()) {
    child.stdin?.write(`${path}\n`);
    await expect.poll(() => lines.length).toBe(index + 1);
  }
  child.stdin?.end();
  const { code, stderr } = await result;
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^\n3 images: 1 anomalous, 2 normal\nExpect at most about 1 in \d+ normal images above it/,
  );
  expect(lines.map((line) => JSON.parse(line).path)).toEqual(paths);
});

test('paths may be separated by NULs and then contain newlines', async () => {
  const odd = at('odd\nname.png');
  await write(odd, await imageBytes(1));
  const result = await piped([odd, at('spot.png'), ''].join('\0'));
  expect(parsed(result).map(({ path }) => path)).toEqual([odd, at('spot.png')]);
  expect(result.code).toBe(0);
});

test('Windows line ends and byte order marks are not part of a path; the last line needs no line end', async () => {
  const result = await piped(`\ufeff${at('spot.png')}\r\n\r\n${at('good', '0.png')}`);
  expect(parsed(result).map(({ path, isAnomalous }) => [path, isAnomalous])).toEqual([
    [at('spot.png'), true],
    [at('good', '0.png'), false],
  ]);
});

test('consecutive images are each inspected, and other bytes after them are refused', async () => {
  const spot = await readFile(at('spot.png'));
  const good = await readFile(at('good', '0.png'));
  const verdicts = [
    ['-', true],
    ['-#2', false],
    ['-#3', true],
  ];
  const all = await piped(Buffer.concat([spot, good, spot]));
  expect(all.code).toBe(0);
  expect(parsed(all).map(({ path, isAnomalous }) => [path, isAnomalous])).toEqual(verdicts);
  const more = await piped(Buffer.concat([spot, good, spot, Buffer.from('and some more text')]));
  expect(parsed(more).map(({ path, isAnomalous }) => [path, isAnomalous])).toEqual(verdicts);
  expect(more.code).not.toBe(0);
  expect(more.stderr).toContain('nothing after 3 images of - but received text');
});

test('the bytes of an image give the same result as its file', async () => {
  const [fromFile] = parsed(await bigrid('inspect', model, at('spot.png'), '--json'));
  const [fromBytes] = parsed(await piped(await readFile(at('spot.png'))));
  expect(fromBytes).toEqual({ ...fromFile, path: '-' });
  const cut = await piped(await truncatedJpeg());
  expect(parsed(cut)).toMatchObject([{ path: '-', error: { code: 'IMAGE_UNREADABLE' } }]);
  expect(cut.code).toBe(1);
});

test('each page of a TIFF is inspected, from its path and from its bytes', async () => {
  const pages = [await imageBytes(1), await imageBytes(2, true)];
  const scan = at('scan.tif');
  await write(scan, await pagesBytes(pages));
  const listed = parsed(await bigrid('inspect', model, scan, '--json'));
  expect(listed.map(({ path, isAnomalous }) => [path, isAnomalous])).toEqual([
    [scan, false],
    [`${scan}#2`, true],
  ]);
  expect(parsed(await piped(`${scan}\n${scan}#2\n`))).toEqual([...listed, listed[1]]);
  // Every page has a line in the log, and is not inspected again.
  const logged = ['inspect', model, scan, '--json', '--log', at('pages.jsonl')];
  expect(parsed(await bigrid(...logged))).toEqual(listed);
  expect((await bigrid(...logged)).stdout).toBe('');
  const marked = ['--out', at('marked'), '--log', at('scan.jsonl')];
  const named = listed.map((row, page) => ({ ...row, path: page === 0 ? '-' : '-#2' }));
  expect(parsed(await piped(await readFile(scan), ...marked))).toEqual(named);
  expect(await readdir(at('marked'))).toEqual(['image-2.png', 'image.png']);
  const log = await readFile(at('scan.jsonl'), 'utf8');
  // The log has pages in the order in which they were done.
  expect(log.match(/"path":"-(#2)?"/g)?.sort()).toEqual(['"path":"-"', '"path":"-#2"'].sort());
});

test('a missing path or a folder is a failed result, and the others follow', async () => {
  const result = await piped([at('nowhere.png'), at('good'), at('spot.png')].join('\n'));
  const [missing, folder, spot] = parsed(result);
  expect(missing).toMatchObject({ path: at('nowhere.png'), error: { code: 'PATH_MISSING' } });
  expect(folder).toMatchObject({ path: at('good'), error: { code: 'IMAGE_UNREADABLE' } });
  expect(spot).toMatchObject({ isAnomalous: true });
  expect(result.code).toBe(1);
});

test.each([
  ['nothing', '', ['-'], 'INPUT_INVALID', 65],
  ['neither paths nor an image', Buffer.alloc(200_000, 'x'), ['-'], 'INPUT_INVALID', 65],
  ['other paths as well', '', ['-', '.'], 'OPTION_INVALID', 64],
] as const)(
  'standard input with %s is refused',
  async (_what, input, paths, expected, exitCode) => {
    const child = start(['inspect', model, ...paths]);
    child.stdin?.on('error', () => {}).end(input);
    const { code, stdout, stderr } = await ended(child);
    expect(stderr).toContain(`error ${expected}: Expected `);
    expect([code, stdout]).toEqual([exitCode, '']);
  },
);

test('a slow reader slows down the writer', async () => {
  const child = start(['inspect', model, '-', '--threads', '1']);
  // Missing paths fail immediately.
  const path = `${at('n'.repeat(150))}\n`;
  const block = path.repeat(500);
  let [blocks, stalled] = [0, false];
  while (!stalled && blocks < 200) {
    blocks++;
    if (child.stdin?.write(block)) continue;
    const drained = new Promise((resolve) => child.stdin?.once('drain', () => resolve('drained')));
    stalled = (await Promise.race([drained, setTimeout(3000, 'stalled')])) === 'stalled';
  }
  // 200 blocks would be 20 MB; pipes and buffers hold a fraction of a megabyte.
  expect(stalled).toBe(true);
  expect(blocks * block.length).toBeLessThan(2e6);
  child.stdin?.end();
  const { code, stdout } = await ended(child);
  expect(stdout.trimEnd().split('\n')).toHaveLength(blocks * 500);
  expect(code).toBe(1);
});

test('stops quietly if the reader is gone, even if more paths could come', async () => {
  const child = start(['inspect', model, '-', '--threads', '1']);
  child.stdin?.on('error', () => {});
  child.stdout?.once('data', () => {
    child.stdout?.destroy();
    child.stdin?.write(`${at('spot.png')}\n`.repeat(5));
  });
  child.stdin?.write(`${at('spot.png')}\n`);
  expect(await ended(child)).toMatchObject({ code: 0, stderr: '' });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s while it waits for a path ends it with a summary', async (signal, exitCode) => {
  const child = start(['inspect', model, '-', '--threads', '1']);
  child.stdin?.write(`${at('spot.png')}\n`);
  child.stdout?.once('data', () => child.kill(signal));
  const { code, stdout, stderr } = await ended(child);
  expect(code).toBe(exitCode);
  expect(JSON.parse(stdout).isAnomalous).toBe(true);
  expect(stderr).toContain('1 image: 1 anomalous, 0 normal\n');
  expect(stderr).toContain('error CANCELLED');
});

test('a named pipe is read to its end', async () => {
  const pipe = at('written.png');
  execFileSync('mkfifo', [pipe]);
  const [result] = await Promise.all([
    bigrid('inspect', model, pipe, '--json', '--threads', '1'),
    write(pipe, await imageBytes(2, true)),
  ]);
  expect(JSON.parse(result.stdout)).toMatchObject({ path: pipe, isAnomalous: true });
});

test('--format prints an array, or a table for spreadsheets', async () => {
  const odd = at('a, "b".png');
  await write(odd, await imageBytes(1));
  const input = [odd, at('nowhere.png')].join('\n');
  const json = await piped(input, '--format', 'json');
  expect(JSON.parse(json.stdout).map(({ path }: { path: string }) => path)).toEqual([
    odd,
    at('nowhere.png'),
  ]);
  const { stdout } = await piped(input, '--format', 'csv');
  const [head, first, second] = stdout.split('\n');
  expect(head).toBe('path,score,threshold,confidence,verdict,isAnomalous,unknown,error');
  expect(first).toMatch(/a, ""b""\.png",\d+\.\d+,\d+\.\d+,0\.\d+,normal,false,false,$/);
  expect(second).toBe(`${at('nowhere.png')},,,,,,,PATH_MISSING`);
  const both = await bigrid('inspect', model, at('spot.png'), '--json', '--format', 'csv');
  expect([both.code, both.stdout]).toEqual([64, '']);
});
