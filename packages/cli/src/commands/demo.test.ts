import { readdir, readFile, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  bigrid,
  useTemporaryFolder,
  write,
  writePictures,
  writeProduct,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();

test('it trains, evaluates, reports and draws; the second time it reuses the bundle', async () => {
  await writeProduct(at('bolt'));
  const words = ['demo', '--data', at('bolt'), '--out', at('made'), '--seed', '3', '--epochs', '2'];
  const first = await bigrid(...words);
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(/^bolt( +\d\.\d{4}){7}$/m);
  expect(first.stdout).toMatch(/report +.*report\.html/);
  expect(first.stdout.match(/^ {2}npx bigrid /gm)).toHaveLength(3);
  expect((await readdir(at('made'))).sort()).toEqual([
    'demo.json',
    'heat-maps',
    'model.onnx',
    'report.html',
  ]);
  expect(await readdir(at('made', 'heat-maps'))).toHaveLength(4);
  expect(await readFile(at('made', 'report.html'), 'utf8')).toMatch(/^<!doctype html>/i);

  const written = (await stat(at('made', 'model.onnx'))).mtimeMs;
  const second = await bigrid(...words);
  expect(second.code).toBe(0);
  expect(second.stderr).toContain('is there already');
  expect(second.stdout).toBe(first.stdout);
  expect((await stat(at('made', 'model.onnx'))).mtimeMs).toBe(written);
});

test('a folder of good pictures alone is trained on; what is missing is said', async () => {
  await writePictures(at('flat'), 8);
  const { code, stdout } = await bigrid(
    'demo',
    '--data',
    at('flat'),
    '--out',
    at('flat-made'),
    '--epochs',
    '1',
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /Not evaluated, and no report: no test pictures: put good ones into .*test\/good/,
  );
  expect((await readdir(at('flat-made'))).sort()).toEqual(['demo.json', 'heat-maps', 'model.onnx']);
  expect(await readdir(at('flat-made', 'heat-maps'))).toEqual([
    '01-good.png',
    '02-good.png',
    '03-good.png',
  ]);
});

test('bad input is refused', async () => {
  await write(at('empty', '.keep'), '');
  const empty = await bigrid('demo', '--data', at('empty'), '--out', at('none'));
  expect(empty.stderr).toMatch(/error DATA_EMPTY: /);
  expect(empty.code).toBe(65);
  const unwritable = await bigrid('demo', '--out', at('empty', '.keep', 'below'));
  expect(unwritable.stderr).toMatch(/error OUTPUT_UNWRITABLE: /);
  expect(unwritable.code).toBe(73);
  expect((await bigrid('demo', '--seed', 'x', '--out', at('none'))).code).toBe(64);
});
