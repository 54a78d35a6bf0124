import { cp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  imageBytes,
  pagesBytes,
  trainTiny,
  truncatedJpeg,
  useTemporaryFolder,
  write,
  writeImages,
} from '../../testing/command-line.ts';
import { names, pathsIn, startWatching, until } from '../../testing/watching.ts';

const at = useTemporaryFolder();
let model: string;

beforeAll(async () => {
  model = await trainTiny(at);
});

const watch = (dir: string, ...flags: string[]) => startWatching(model, dir, ...flags);

test('images are inspected as they appear, once each, and never half-written', async () => {
  const dir = at('appear');
  await write(join(dir, 'there.png'), await imageBytes(1));
  await write(join(dir, 'note.txt'), 'no image');
  const watching = await watch(dir);
  await until(() => names(watching.results)).toEqual(['there.png']);

  // A writer that pauses for longer than a file has to stay unchanged.
  const bytes = await imageBytes(2, true);
  const slow = await open(join(dir, 'slow.png'), 'w');
  for (let part = 0; part < 4; part++) {
    const [from, to] = [part / 4, (part + 1) / 4].map((share) => Math.floor(share * bytes.length));
    await slow.write(bytes.subarray(from, to));
    await setTimeout(part === 1 ? 1800 : 300);
  }
  await slow.close();
  await write(at('elsewhere.png'), await imageBytes(3));
  await write(join(dir, '.hidden.png'), await imageBytes(3));
  await rename(at('elsewhere.png'), join(dir, 'deep.png'));
  await until(() => names(watching.results).sort()).toEqual(['deep.png', 'slow.png', 'there.png']);

  // The same name with another content is another image.
  await write(join(dir, 'there.png'), await imageBytes(4, true));
  await until(() => watching.results.length).toBe(4);
  const { code, stderr } = await watching.stop('SIGINT');
  expect(code).toBe(0);
  expect(watching.results.filter((result) => 'error' in result)).toEqual([]);
  expect(watching.results.at(-1)).toMatchObject({
    path: join(dir, 'there.png'),
    isAnomalous: true,
  });
  expect(stderr).toMatch(/\n4 images: \d anomalous, \d normal\n$/);
});

test('a file of full size is neither inspected nor moved before it is completely written', async () => {
  const dir = at('set-aside');
  const bytes = await sharp(await imageBytes(2, true))
    .jpeg({ quality: 100 })
    .toBuffer();
  const half = Math.floor(bytes.length / 2);
  await write(join(dir, 'there.png'), await imageBytes(1));
  const copy = await open(join(dir, 'copy.jpg'), 'w');
  await copy.write(Buffer.concat([bytes.subarray(0, half), Buffer.alloc(bytes.length - half)]));
  const watching = await watch(dir, '--good', at('set-aside-good'), '--bad', at('set-aside-bad'));
  await until(() => names(watching.results)).toEqual(['there.png']);
  // Its writer pauses with the file open, which only some systems report.
  await setTimeout(2500);
  expect(names(watching.results)).toEqual(['there.png']);
  expect(await readdir(dir)).toContain('copy.jpg');
  await copy.write(bytes.subarray(half), 0, bytes.length - half, half);
  await copy.close();
  await until(() => names(watching.results)).toEqual(['there.png', 'copy.jpg']);
  expect(watching.results[1]).toMatchObject({ verdict: expect.any(String) });
  const { code } = await watching.stop();
  expect(code).toBe(0);
});

test('a black frame is unknown in the results and in the log', async () => {
  const [dir, log] = [at('frames'), at('frames.jsonl')];
  const black = sharp({ create: { width: 64, height: 64, channels: 3, background: 'black' } });
  await write(join(dir, 'black.png'), await black.png().toBuffer());
  const watching = await watch(dir, '--log', log);
  await until(() => watching.results.length).toBe(1);
  const { stderr } = await watching.stop();
  expect(watching.results).toMatchObject([{ verdict: 'anomalous', unknown: true }]);
  expect(JSON.parse(await readFile(log, 'utf8'))).toMatchObject({ unknown: true });
  expect(stderr).toMatch(/\n1 image: 1 anomalous, 0 normal; 1 of them unknown\n$/);
});

test('--good and --bad sort images and never overwrite one', async () => {
  const dir = at('sort');
  await write(join(dir, 'sub', 'fine.png'), await imageBytes(1));
  await write(join(dir, 'spot.png'), await imageBytes(2, true));
  await write(join(dir, 'cut.jpg'), await truncatedJpeg());
  await write(join(dir, 'bad', 'spot.png'), 'an earlier one');
  const moves = ['--good', at('sorted'), '--bad', join(dir, 'bad')];
  const watching = await watch(dir, ...moves);
  await until(() => watching.results.length).toBe(3);
  const { code, stderr } = await watching.stop();
  expect(code).toBe(0);
  // An image that may be incomplete is waited for and does not delay the others.
  expect(names(watching.results).at(-1)).toBe('cut.jpg');
  expect(watching.results.at(-1)).toMatchObject({ error: { code: 'IMAGE_UNREADABLE' } });
  const moved = watching.results.map(({ movedTo }) => movedTo);
  expect(moved.slice(0, 2).sort()).toEqual(
    [at('sorted', 'sub', 'fine.png'), join(dir, 'bad', 'spot-2.png')].sort(),
  );
  expect((await readFile(join(dir, 'bad', 'spot-2.png'))).equals(await imageBytes(2, true))).toBe(
    true,
  );
  expect(await readFile(join(dir, 'bad', 'spot.png'), 'utf8')).toBe('an earlier one');
  expect(await readdir(at('sorted', 'sub'))).toEqual(['fine.png']);
  expect((await readdir(dir)).sort()).toEqual(['bad', 'cut.jpg', 'sub']);
  expect(stderr).toContain('3 images: 1 anomalous, 1 normal, 1 unreadable\n');
});

test('unsure images go to their own folder, also by the rule of the model', async () => {
  const doubting = at('doubting.onnx');
  await bigrid('calibrate', model, '--threshold', '1000', '--unsure', '0', '--out', doubting);
  const runs = [[model, '--threshold', '1000', '--unsure', '0'], [doubting]] as const;
  for (const [index, [bundle, ...rules]] of runs.entries()) {
    const [dir, to] = [at(`doubt-${index}`), at(`look-at-${index}`)];
    await writeImages(dir, 2);
    const moves = ['--good', at('never'), '--bad', at('never'), '--unsure-to', to];
    const watching = await startWatching(bundle, dir, ...moves, ...rules);
    await until(() => watching.results.length).toBe(2);
    expect((await watching.stop()).stderr).toMatch(/2 images: 0 anomalous, 2 unsure, 0 normal\n$/);
    expect(watching.results.map(({ verdict }) => verdict)).toEqual(['unsure', 'unsure']);
    expect(await readdir(to)).toEqual(['0.png', '1.png']);
    expect(await readdir(dir)).toEqual([]);
  }
});

test('a mask applies to the run: defects below it are ignored', async () => {
  // White where the spot is, 20..40 both ways, and around it.
  const white = sharp({ create: { width: 52, height: 52, channels: 3, background: 'white' } });
  const mask = white.extend({ right: 12, bottom: 12, background: 'black' });
  await write(at('mask.png'), await mask.png().toBuffer());
  const dir = at('masked');
  await write(join(dir, 'spot.png'), await imageBytes(2, true));
  const watching = await watch(dir, '--mask', at('mask.png'), '--log', at('masked.jsonl'));
  await until(() => watching.results.length).toBe(1);
  await watching.stop();
  // With another mask, the log does not count.
  const open = await watch(dir, '--log', at('masked.jsonl'));
  await until(() => open.results.length).toBe(1);
  const [masked, plain] = [watching, open].map(({ results }) => Number(results[0]?.score));
  expect(masked).toBeLessThan((plain as number) / 2);
});

test('each page of a TIFF is an image; the file goes where its worst page belongs', async () => {
  const [dir, log] = [at('pages'), at('pages.jsonl')];
  const [passed, rejected] = [at('pages-good'), at('pages-bad')];
  const [fine, other, spot] = [await imageBytes(1), await imageBytes(3), await imageBytes(2, true)];
  await write(join(dir, 'sub', 'fine.tif'), await pagesBytes([fine, other]));
  await write(join(dir, 'spot.tif'), await pagesBytes([fine, spot, other]));
  const scan = await pagesBytes([fine, other]);
  // Its second page is missing: the file is cut before the directory to which the first one points.
  await write(join(dir, 'cut.tif'), scan.subarray(0, scan.length - 200));
  const flags = ['--log', log, '--threshold', 'max-fpr:0.5'];
  const moves = ['--good', passed, '--bad', rejected];
  const watching = await watch(dir, ...flags, ...moves);
  await until(() => watching.results.length).toBe(7);
  await watching.stop();
  const judged = (name: string) =>
    watching.results
      .filter(({ path }) => basename(path).startsWith(name))
      .map(({ path, verdict }) => [basename(path), verdict]);
  expect(judged('spot').map(([path]) => path)).toEqual(['spot.tif', 'spot.tif#2', 'spot.tif#3']);
  expect(judged('spot')[1]).toEqual(['spot.tif#2', 'anomalous']);
  expect(judged('cut')[1]).toEqual(['cut.tif#2', undefined]);
  expect(await readdir(rejected)).toContain('spot.tif');
  expect(await readdir(dir)).toEqual(['cut.tif', 'sub']);
  expect(await pathsIn(log)).toHaveLength(7);

  // Pages in the log are not inspected again; pages that are not in it are.
  await rename(join(rejected, 'spot.tif'), join(dir, 'spot.tif'));
  const lines = (await readFile(log, 'utf8')).split('\n');
  await write(log, lines.filter((line) => !line.includes('spot.tif#3"')).join('\n'));
  const again = await watch(dir, ...flags, ...moves);
  await until(() => names(again.results)).toEqual(['spot.tif#3']);
  await again.stop();
  // The second page, which is in the log, decides its folder.
  expect(again.results[0]?.movedTo).toBe(join(rejected, 'spot.tif'));
  expect(await readdir(dir)).toEqual(['cut.tif', 'sub']);
});

test('a move that a kill prevented is completed without another inspection', async () => {
  const [dir, bad, log] = [at('between'), at('between-bad'), at('between.jsonl')];
  const image = join(dir, 'spot.png');
  await write(image, await imageBytes(2, true));
  const first = await watch(dir, '--log', log, '--bad', bad);
  await until(() => first.results.length).toBe(1);
  await first.stop();
  // As between the log line and the move: the image still in place, its name in the target folder taken.
  await rename(join(bad, 'spot.png'), image);
  await write(join(bad, 'spot.png'), '');
  const second = await watch(dir, '--log', log, '--bad', bad);
  await until(async () => (await readFile(join(bad, 'spot.png'))).length).toBeGreaterThan(0);
  await second.stop();
  expect(second.results).toEqual([]);
  expect([await readdir(dir), await readdir(bad), await pathsIn(log)]).toEqual([
    [],
    ['spot.png'],
    ['spot.png'],
  ]);
});

test('a folder that disappears and comes back is watched again', async () => {
  const dir = at('away');
  await writeImages(dir, 1);
  const watching = await watch(dir, '--new-only');
  await rename(dir, at('away-for-now'));
  await until(() => watching.said()).toContain(`Waiting for ${dir}: no such file or folder`);
  await rename(at('away-for-now'), dir);
  await until(() => watching.said()).toContain(`${dir} is available again`);
  await write(join(dir, 'new.png'), await imageBytes(3));
  await until(() => names(watching.results)).toEqual(['new.png']);
  await rm(dir, { recursive: true });
  await cp(at('good'), dir, { recursive: true });
  await until(() => watching.results.length).toBe(9);
  expect((await watching.stop()).code).toBe(0);
});

test.each([
  ['a second watcher of one folder', ['watched'], 'IN_USE', 75],
  ['a folder that is missing', ['nowhere'], 'PATH_MISSING', 66],
  [
    'a folder for unsure ones without a rule',
    ['watched', '--unsure-to', 'x'],
    'OPTION_INVALID',
    64,
  ],
  ['a target folder that is the watched one', ['same', '--good', 'same'], 'OPTION_INVALID', 64],
  ['a webhook without a log', ['watched', '--webhook', 'http://x'], 'OPTION_INVALID', 64],
  [
    'a webhook that is no address',
    ['watched', '--webhook', 'x', '--log', 'l'],
    'OPTION_INVALID',
    64,
  ],
] as const)('%s is refused', async (_what, [dir, ...flags], expected, exitCode) => {
  await writeImages(at('watched'), 1);
  await writeImages(at('same'), 1);
  if (expected === 'IN_USE') await watch(at('watched'));
  const { code, stderr } = await bigrid(
    'watch',
    model,
    at(dir),
    ...flags.map((flag) => (flag === 'l' || flag === 'same' ? at(flag) : flag)),
  );
  expect(stderr).toContain(`error ${expected}: Expected `);
  expect(code).toBe(exitCode);
});

test('--out writes a heat map of each image, including images that are moved or come again', async () => {
  const dir = at('mapped');
  const maps = join(dir, 'maps');
  await write(join(dir, 'sub', 'spot.png'), await imageBytes(2, true));
  await write(join(dir, 'pages.tif'), await pagesBytes([await imageBytes(1), await imageBytes(5)]));
  const watching = await watch(dir, '--out', maps, '--bad', at('mapped-bad'));
  await until(() => watching.results.length).toBe(3);
  await write(join(dir, 'sub', 'spot.png'), await imageBytes(4, true));
  await until(() => watching.results.length).toBe(4);
  // Heat maps are below the watched folder and are not inspected.
  await setTimeout(1500);
  const { code } = await watching.stop();
  expect(code).toBe(0);
  const heatMaps = watching.results.map(({ heatMap }) => heatMap as string);
  expect(heatMaps.toSorted()).toEqual(
    ['pages-2.png', 'pages.png', 'sub/spot-2.png', 'sub/spot.png'].map((name) => join(maps, name)),
  );
  for (const file of heatMaps) expect((await sharp(file).metadata()).format).toBe('png');
  const same = await bigrid('watch', model, dir, '--out', dir);
  expect(same.stderr).toContain('error OPTION_INVALID: Expected a folder for --out other than');
});
