import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  ended,
  hugeImage,
  imageBytes,
  interruptAt,
  isPlain,
  start,
  trainTiny,
  truncatedJpeg,
  useTemporaryFolder,
  write,
  writeImages,
  writeKinds,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let model: string;

beforeAll(async () => {
  model = await trainTiny(at);
  await write(at('new', 'fine.png'), await imageBytes(1));
  await write(at('new', 'deep', 'spot.png'), await imageBytes(2, true));
});

test('a table gives path, score, threshold, confidence and verdict of each image', async () => {
  const { code, stdout, stderr } = await bigrid('inspect', model, at('new'));
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^path +score +threshold +confidence +verdict$/);
  expect(lines[1]).toMatch(
    /deep\/spot\.png +\d+\.\d+ +\d+\.\d+ +(0\.[5-9]\d\d|1\.000) {2}ANOMALOUS$/,
  );
  expect(lines[2]).toMatch(/fine\.png +\d+\.\d+ +\d+\.\d+ +0\.[0-5]\d\d {2}normal$/);
  expect(lines).toHaveLength(3);
  expect(isPlain(stdout + stderr)).toBe(true);
  expect(stderr).toContain('2 images: 1 anomalous, 1 normal');
});

test('anomalous rows stand out in colour, unless NO_COLOR is set', async () => {
  const words = ['inspect', model, at('new')];
  const [bright, plain] = await Promise.all([
    ended(start(words, { FORCE_COLOR: '1' })),
    ended(start(words, { NO_COLOR: '1' })),
  ]);
  expect(bright.stdout).toContain('\u001b[31m');
  expect(plain.stdout + plain.stderr).not.toContain('\u001b');
});

test('--json prints an object per line, with the errors of failed images', async () => {
  await write(at('mixed', '1.png'), await imageBytes(1));
  await write(at('mixed', '2-cut.jpg'), await truncatedJpeg());
  await write(at('mixed', '3-text.png'), 'not an image');
  await write(at('mixed', '4-huge.png'), await hugeImage());
  await write(at('mixed', '5.png'), await imageBytes(2, true));
  const { code, stdout, stderr } = await bigrid('inspect', model, at('mixed'), '--json');
  const results = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(results.map(({ path }) => path)).toEqual(
    ['1.png', '2-cut.jpg', '3-text.png', '4-huge.png', '5.png'].map((name) => at('mixed', name)),
  );
  expect(Object.keys(results[0])).toEqual([
    'path',
    'score',
    'threshold',
    'confidence',
    'verdict',
    'isAnomalous',
    'unknown',
    'regions',
  ]);
  expect(results[0].confidence <= 0.5).toBe(!results[0].isAnomalous);
  expect(results[0].isAnomalous).toBe(results[0].score > results[0].threshold);
  expect(results[4].isAnomalous).toBe(true);
  expect(results.slice(1, 4).map(({ error }) => error.code)).toEqual([
    'IMAGE_UNREADABLE',
    'IMAGE_UNREADABLE',
    'IMAGE_TOO_LARGE',
  ]);
  expect(Object.keys(results[1].error)).toEqual(['code', 'message']);
  expect(code).toBe(1);
  expect(stderr).toContain('Skipped 3 images that could not be read:');
  expect(stderr).toContain(
    'error SOME_IMAGES_FAILED: Expected to read 5 images but received 3 that',
  );
});

test('an image of something else is unknown in the table, in each format and in the summary, from a log too', async () => {
  const black = sharp({ create: { width: 64, height: 64, channels: 3, background: 'black' } });
  await write(at('other', 'black.png'), await black.png().toBuffer());
  await write(at('other', 'fine.png'), await imageBytes(1));
  await write(at('other', 'spot.png'), await imageBytes(2, true));
  const inspected = (...more: string[]) => bigrid('inspect', model, at('other'), ...more);
  const { stdout } = await inspected();
  const verdicts = stdout.trimEnd().split('\n').slice(1);
  expect(verdicts[0]).toMatch(/black\.png .* {2}ANOMALOUS, unknown$/);
  expect(verdicts.filter((line) => line.includes('unknown'))).toHaveLength(1);
  const lines = (text: string) => text.trimEnd().split('\n');
  const log = at('other.jsonl');
  const printed = await inspected('--json', '--log', log);
  for (const text of [printed.stdout, await readFile(log, 'utf8')]) {
    expect(lines(text).map((line) => JSON.parse(line).unknown)).toEqual([true, false, false]);
  }
  const csv = await inspected('--format', 'csv');
  expect(lines(csv.stdout)[1]).toMatch(/,anomalous,true,true,$/);
  expect(printed.stderr).toContain('3 images: 2 anomalous, 1 normal; 1 of them unknown\n');
  const again = await inspected('--log', log);
  expect(again.stderr).toContain(`; 1 of them unknown; 3 of them from ${log}\n`);
});

test('--threshold applies to this run only', async () => {
  const inspected = async (...flags: string[]) => {
    const { stdout } = await bigrid('inspect', model, at('new'), '--json', ...flags);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  const plain = await inspected();
  const strict = await inspected('--threshold', '0');
  expect(strict.map(({ threshold, isAnomalous }) => [threshold, isAnomalous])).toEqual([
    [0, true],
    [0, true],
  ]);
  expect(strict.map(({ score }) => score)).toEqual(plain.map(({ score }) => score));
  expect(await inspected()).toEqual(plain);
  const refused = await bigrid('inspect', model, at('new'), '--threshold', 'max-fpr:0.01');
  expect([refused.code, refused.stdout]).toEqual([65, '']);
  expect(refused.stderr).toContain('THRESHOLD_UNSUPPORTED: Expected at least 99 good images');
});

test('regions are in image pixels; small ones can be left out', async () => {
  const spots = async (...flags: string[]) => {
    const words = ['inspect', model, at('new', 'deep'), '--json', '--threshold', 'quantile:0'];
    const { stdout } = await bigrid(...words, ...flags);
    return JSON.parse(stdout).regions;
  };
  const [spot] = await spots();
  // It spans 20..40 in both directions.
  const { x, y, width, height } = spot.box;
  expect([x < 30, y < 30, x + width > 30, y + height > 30]).toEqual(Array(4).fill(true));
  expect(spot.outline.length).toBeGreaterThan(3);
  expect(spot.peak).toBeGreaterThan(0);
  expect(await spots('--smallest-region', String(spot.area))).toContainEqual(spot);
  expect(await spots('--smallest-region', '4097')).toEqual([]);
  const refused = await bigrid('inspect', model, at('new'), '--smallest-region', '-1');
  expect(refused.stderr).toContain('OPTION_INVALID: Expected a number from 0 to 100000000');
});

test('--quiet prints only results', async () => {
  const { code, stdout, stderr } = await bigrid('inspect', model, at('new'), '--quiet');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('spot.png');
});

test('images of one pixel and of many kinds all get a verdict', async () => {
  const kinds = at('kinds');
  await writeKinds(kinds, 4);
  const { code, stdout } = await bigrid(
    'inspect',
    model,
    kinds,
    '--json',
    '--out',
    at('kinds-out'),
  );
  expect(code).toBe(0);
  const scores = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).score);
  expect(scores).toHaveLength(6);
  expect(scores.every((score) => score > 0)).toBe(true);
  expect(await readdir(at('kinds-out'))).toHaveLength(6);
});

test('--out keeps relative paths, keeps equal names apart and does not touch the images', async () => {
  const original = await imageBytes(5);
  for (const name of ['a/x.png', 'a/X.jpg', 'b/y.png']) await write(at('many', name), original);
  await write(at('alone', 'x.png'), original);
  // The last image is where its own heat map would go.
  await write(at('marked', 'z.png'), original);
  const words = [
    'inspect',
    model,
    at('many'),
    at('alone', 'x.png'),
    at('marked', 'z.png'),
    '--out',
    at('marked'),
  ];
  for (let run = 0; run < 2; run++) {
    expect((await bigrid(...words)).code).toBe(0);
    const files = (await readdir(at('marked'), { recursive: true })).filter((name) =>
      name.endsWith('.png'),
    );
    expect(files.sort()).toEqual(
      ['many/a/X.png', 'many/a/x-2.png', 'many/b/y.png', 'x.png', 'z-2.png', 'z.png'].sort(),
    );
  }
  expect((await readFile(at('marked', 'z.png'))).equals(original)).toBe(true);
  const { width, format } = await sharp(at('marked', 'many', 'b', 'y.png')).metadata();
  expect({ width, format }).toEqual({ width: 64, format: 'png' });
});

test('results below the folder are not inspected by the next run; the folder itself is refused', async () => {
  await writeImages(at('own'), 2);
  const words = ['inspect', model, at('own'), '--out', at('own', 'marked')];
  await bigrid(...words);
  expect((await bigrid(...words)).stderr).toContain('2 images:');
  const refused = await bigrid('inspect', model, at('own'), '--out', at('own'));
  expect(refused.code).toBe(64);
  expect(refused.stderr).toMatch(/^error OPTION_INVALID: Expected a folder for --out other than/);
});

test.each([
  ['cut short', 'BUNDLE_INVALID', async (bytes: Buffer) => bytes.subarray(0, bytes.length * 0.7)],
  ['an image', 'BUNDLE_INVALID', () => imageBytes(0)],
  ['empty', 'BUNDLE_INVALID', async () => Buffer.alloc(0)],
  ['of a newer version', 'BUNDLE_TOO_NEW', async (bytes: Buffer) => newer(bytes)],
] as const)('a bundle that is %s is refused with %s', async (_what, expected, change) => {
  await write(at('other.onnx'), await change(await readFile(model)));
  const { code, stdout, stderr } = await bigrid('inspect', at('other.onnx'), at('new'));
  expect(stderr).toMatch(new RegExp(`^error ${expected}: `));
  expect([code, stdout]).toEqual([65, '']);
});

test.each([
  ['a bundle that is missing', ['nowhere.onnx', 'new'], 'PATH_MISSING', 66],
  ['a path that is missing', ['model.onnx', 'new', 'nowhere'], 'PATH_MISSING', 66],
  ['a folder without images', ['model.onnx', 'nothing'], 'DATA_EMPTY', 65],
] as const)('%s is refused', async (_what, words, expected, exitCode) => {
  await write(at('nothing', '.keep'), '');
  const { code, stderr } = await bigrid('inspect', ...words.map((word) => at(word)));
  expect(stderr).toMatch(new RegExp(`^error ${expected}: `));
  expect(code).toBe(exitCode);
});

test('an output that cannot be written is refused before anything is inspected', async () => {
  const { code, stdout, stderr } = await bigrid(
    'inspect',
    model,
    at('new'),
    '--json',
    '--out',
    join(model, 'below'),
  );
  expect(stderr).toMatch(/^error OUTPUT_UNWRITABLE: /);
  expect([code, stdout]).toEqual([73, '']);
});

test('results are printed even if a heat map cannot be written', async () => {
  const out = at('half');
  await write(join(out, 'deep'), 'no folder');
  const { code, stdout, stderr } = await bigrid('inspect', model, at('new'), '--out', out);
  expect(code).toBe(73);
  expect(stderr).toMatch(/^error OUTPUT_UNWRITABLE: .*deep/m);
  expect(stdout).toMatch(/^.*spot\.png .*ANOMALOUS$/m);
});

test('Ctrl-C leaves only complete heat maps and no temporary files', async () => {
  const large = at('large.png');
  await write(
    large,
    await sharp(await imageBytes(6))
      .resize(1500, 1500)
      .png()
      .toBuffer(),
  );
  const words = ['inspect', model, ...Array(200).fill(large), '--json', '--out', at('stopped')];
  const { code, stdout, stderr } = await interruptAt(
    (output) => output.split('\n').length > 8,
    words,
  );
  expect(code).toBe(130);
  expect(stderr).toContain('error CANCELLED');
  const files = await readdir(at('stopped'));
  // Three are drawn at a time, so some of eight are written.
  expect(files.length).toBeGreaterThan(0);
  expect(files.length).toBeLessThan(200);
  expect(files.filter((name) => !/^large(-\d+)?\.png$/.test(name))).toEqual([]);
  for (const name of files) await sharp(at('stopped', name)).stats();
  expect(stdout.endsWith('\n')).toBe(true);
});

test('a reader that closes the pipe is not an error', async () => {
  const child = start(['inspect', model, ...Array(100).fill(at('new')), '--json']);
  child.stdout?.once('data', () => child.stdout?.destroy());
  const { code, stderr } = await ended(child);
  expect(code).toBe(0);
  expect(stderr).not.toMatch(/error|EPIPE/);
});

/** The manifest is text within the file; replacing a digit does not change its length. */
function newer(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replace('"manifestVersion":1', '"manifestVersion":9');
  return Buffer.from(text, 'latin1');
}

test('--report writes a gallery in addition to the printed results, also for standard input', async () => {
  const page = at('new.html');
  const { code, stdout, stderr } = await bigrid('inspect', model, at('new'), '--report', page);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('fine.png');
  expect(stderr).toContain(`Wrote ${page}`);
  const html = await readFile(page, 'utf8');
  expect(html.match(/<article class="card">/g)).toHaveLength(2);
  expect(html.indexOf('spot.png')).toBeLessThan(html.indexOf('fine.png'));
  const piped = start(['inspect', model, '-', '--report', at('piped.html'), '--quiet']);
  piped.stdin?.end(`${at('new', 'fine.png')}\n`);
  expect((await ended(piped)).code).toBe(0);
  expect(await readFile(at('piped.html'), 'utf8')).toContain('Inspection of standard input');
  const refused = await bigrid('inspect', model, at('new'), '--report', at('new.html', 'x.html'));
  expect([refused.code, refused.stdout]).toEqual([73, '']);
});

test('--fail-on-anomaly has its own exit code; without it an anomaly is not a failure', async () => {
  const exitOf = async (...words: string[]) =>
    (await bigrid('inspect', model, ...words, '--quiet')).code;
  const [fine, spot] = [at('new', 'fine.png'), at('new', 'deep', 'spot.png')];
  await write(at('gate', 'text.png'), 'not an image');
  expect(await exitOf(fine, '--fail-on-anomaly')).toBe(0);
  expect(await exitOf(fine, at('gate', 'text.png'), '--fail-on-anomaly')).toBe(1);
  const both = await bigrid('inspect', model, spot, at('gate', 'text.png'), '--fail-on-anomaly');
  expect(both.code).toBe(2);
  expect(both.stdout).toContain('ANOMALOUS');
  expect(both.stderr).toContain(
    'error ANOMALY_FOUND: Expected 2 normal images but received 1 anomalous, and 1 that could not',
  );
  // Unsure is not anomalous, and results in the log count as well.
  expect(await exitOf(spot, '--threshold', '1e6', '--unsure', '0', '--fail-on-anomaly')).toBe(0);
  const log = ['--log', at('gate.jsonl')];
  expect(await exitOf(spot, ...log)).toBe(0);
  expect(await exitOf(spot, ...log, '--fail-on-anomaly')).toBe(2);
});
