import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { decodeName, systemPath } from '@bigrid/node/internal';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  bigrid,
  bin,
  type Ended,
  ended,
  imageBytes,
  start,
  tiny,
  trainTiny,
  useTemporaryFolder,
} from '../testing/command-line.ts';
import { pathsIn, startWatching, until } from '../testing/watching.ts';

const at = useTemporaryFolder();
let model: string;

/** Latin 1, bytes that are never UTF-8, two names that differ only in such a byte, escape codes, and newlines. */
const names = [
  ...['plain.png', 'caf\udce9.png', 'caf\udce8.png', '\udcff\udcfe.png', 'é\udcc3.png'],
  ...['\u001b[2J\u001b]0;title\u0007.png', '\u009b8mhidden.png', 'two\nlines.png', 'over\r.png'],
];
const sorted = (list: readonly string[]) => [...list].sort();
const listed = async (folder: string) =>
  sorted((await readdir(systemPath(folder), 'buffer')).map(decodeName));
/** The characters allowed in terminal output without colours. */
const isPlain = (text: string) => !/(?!\n)[\p{Cc}\ufffd]/u.test(text);

/** The same image under all names, with the same time: only the names differ. */
async function writeNames(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const bytes = await imageBytes(40);
  for (const name of names) {
    await writeFile(systemPath(`${folder}/${name}`), bytes);
    await utimes(systemPath(`${folder}/${name}`), 1e9, 1e9);
  }
}

const pathsOf = ({ stdout }: Ended) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map((row: { path: string; error?: unknown }) => {
      expect(row.error).toBe(undefined);
      return row.path;
    });

describe.skipIf(process.platform !== 'linux')('names that are no UTF-8, or no plain text', () => {
  beforeAll(async () => {
    model = await trainTiny(at);
    await writeNames(at('new'));
  });
  const inspected = () => sorted(names.map((name) => at('new', name)));

  test('are inspected in a folder; heat maps have them too', async () => {
    const found = await bigrid(
      'inspect',
      model,
      at('new'),
      '--format',
      'jsonl',
      '--out',
      at('out'),
    );
    expect(found.code).toBe(0);
    expect(sorted(pathsOf(found))).toEqual(inspected());
    expect(isPlain(found.stdout)).toBe(true);
    expect(await listed(at('out'))).toEqual(sorted(names));
  });

  test.each(['table', 'csv'])('are escaped in a %s', async (format) => {
    const { code, stdout } = await bigrid('inspect', model, at('new'), '--format', format);
    expect(code).toBe(0);
    expect(isPlain(stdout)).toBe(true);
    expect(stdout).toContain('caf\\udce9.png');
    expect(stdout).toContain('\\u001b[2J\\u001b]0;title\\u0007.png');
    if (format === 'table') expect(stdout.trim().split('\n')).toHaveLength(names.length + 1);
  });

  test('are named in errors', async () => {
    const folder = at('broken');
    await mkdir(folder);
    for (const name of names) await writeFile(systemPath(`${folder}/${name}`), 'no image');
    const { code, stdout, stderr } = await bigrid('inspect', model, folder);
    expect(code).toBe(1);
    expect([isPlain(stdout), isPlain(stderr)]).toEqual([true, true]);
    const missing = await bigrid('info', at('\u001b[2J.onnx'));
    expect(missing.stderr).toContain('\\u001b[2J.onnx');
    expect(isPlain(missing.stderr)).toBe(true);
  });

  test('are recognised in a log, each by its own name', async () => {
    const words = ['inspect', model, at('new'), '--format', 'jsonl', '--log', at('log.jsonl')];
    expect(pathsOf(await bigrid(...words))).toHaveLength(names.length);
    expect(sorted(await pathsIn(at('log.jsonl')))).toEqual(sorted(names));
    expect((await bigrid(...words)).stdout).toBe('');
  });

  test('are read as arguments, and as lines of standard input', async () => {
    const line = 'exec "$0" "$1" inspect "$2" "$3"/* --format jsonl';
    const words = [process.execPath, bin, model, at('new')];
    expect(sorted(pathsOf(await ended(spawn('sh', ['-c', line, ...words]))))).toEqual(inspected());
    const child = start(['inspect', model, '-', '--format', 'jsonl']);
    child.stdin?.end(
      Buffer.concat(
        inspected().map((path) => Buffer.concat([Buffer.from(systemPath(path)), Buffer.of(0)])),
      ),
    );
    expect(sorted(pathsOf(await ended(child)))).toEqual(inspected());
  });

  test('are watched, logged and moved', async () => {
    await writeNames(at('watched'));
    const watching = await startWatching(
      ...[model, at('watched'), '--log', at('watch.jsonl')],
      ...['--good', at('passed'), '--bad', at('passed')],
    );
    await until(() => watching.results.length).toBe(names.length);
    const { code, stderr } = await watching.stop();
    expect([code, isPlain(stderr)]).toEqual([0, true]);
    expect(await listed(at('watched'))).toEqual([]);
    expect(await listed(at('passed'))).toEqual(sorted(names));
    expect(sorted(await pathsIn(at('watch.jsonl')))).toEqual(sorted(names));
  });

  test('are trained on and evaluated, in folders with such names', async () => {
    const folder = at('caf\udce9 \u001b[31m');
    const writeIn = async (path: string, seed: number, defective = false) => {
      await mkdir(systemPath(`${folder}/${path.slice(0, path.lastIndexOf('/'))}`), {
        recursive: true,
      });
      await writeFile(systemPath(`${folder}/${path}`), await imageBytes(seed, defective));
    };
    for (let seed = 0; seed < 8; seed++) await writeIn(`train/good/\udce9${seed}.png`, seed);
    await writeIn('test/good/\udce9.png', 20);
    await writeIn('test/sp\udcfft/\udce9.png', 21, true);
    // The shell finds the name, because Node.js cannot pass such an argument.
    const run = (line: string) => {
      const command = `cd "$2" && exec "$0" "$1" ${line}`;
      return ended(spawn('sh', ['-c', command, process.execPath, bin, at()]));
    };
    const told = await run('data caf* --json');
    expect(told.code).toBe(0);
    expect(isPlain(told.stdout)).toBe(true);
    expect(JSON.parse(told.stdout)).toMatchObject({ path: 'caf\udce9 \u001b[31m' });
    await mkdir(systemPath(at('out\udce9')));
    await writeFile(systemPath(at('out\udce9', 'model.onnx')), '');
    const trained = await run(`train caf* --out out*/model.onnx ${tiny.join(' ')}`);
    expect([trained.code, isPlain(trained.stdout + trained.stderr)]).toEqual([0, true]);
    const evaluated = await run('evaluate out*/model.onnx caf* --report out.html');
    expect([evaluated.code, isPlain(evaluated.stdout + evaluated.stderr)]).toEqual([0, true]);
    expect(evaluated.stdout).toContain('caf\\udce9 \\u001b[31m');
    const report = await readFile(at('out.html'), 'utf8');
    expect(report).not.toContain('\ufffd');
    expect(report).toContain('sp\\udcfft');
  });

  test('work as the working directory', async () => {
    await mkdir(systemPath(at('here\udce9')));
    const run = (words: string) => {
      const command = `cd "$2"/here* && exec "$0" "$1" ${words}`;
      return ended(spawn('sh', ['-c', command, process.execPath, bin, at()]));
    };
    const before = await listed(at());
    const trained = await run(`train ../good --out own.onnx ${tiny.join(' ')}`);
    expect([trained.code, trained.stdout.split(' ', 2)]).toEqual([0, ['Wrote', 'own.onnx']]);
    const found = await run('inspect own.onnx ../new --out marked --log log.jsonl --json');
    expect(sorted(pathsOf(found))).toEqual(sorted(names.map((name) => `../new/${name}`)));
    expect(await listed(at())).toEqual(before);
    expect(await listed(at('here\udce9'))).toEqual([
      ...['log.jsonl', 'marked', 'own.onnx', 'own.replay'],
    ]);
  });
});
