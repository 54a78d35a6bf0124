import { readdir, readFile, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  bigrid,
  useTemporaryFolder,
  write,
  writeImages,
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
  expect(second.stderr).toContain('already exists');
  expect(second.stdout).toBe(first.stdout);
  expect((await stat(at('made', 'model.onnx'))).mtimeMs).toBe(written);
});

test('with good images only, the report shows held-out images, also in a folder with other results', async () => {
  await writeImages(at('flat'), 24);
  const words = ['demo', '--data', at('flat'), '--out', at('flat-made'), '--epochs', '1'];
  // From an earlier run on other images.
  await write(at('flat-made', 'report.html'), 'another report');
  await write(at('flat-made', 'heat-maps', '09-crack.png'), 'another heat map');
  const { code, stdout } = await bigrid(...words);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Not evaluated: no test images: put good images into .*test\/good/);
  const { manifest } = JSON.parse(
    (await bigrid('info', at('flat-made', 'model.onnx'), '--json')).stdout,
  );
  const { heldOut } = manifest.training;
  expect(heldOut).toBeGreaterThan(0);
  expect(stdout).toContain(`The report shows ${heldOut} images that the model was not trained on.`);
  const page = await readFile(at('flat-made', 'report.html'), 'utf8');
  expect(page.match(/<article class="card">/g)).toHaveLength(heldOut);
  const maps = await readdir(at('flat-made', 'heat-maps'));
  expect(maps.slice(0, 2)).toEqual(['01-good.png', '02-good.png']);
  expect(maps).not.toContain('09-crack.png');
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
