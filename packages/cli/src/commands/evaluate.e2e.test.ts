import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  isPlain,
  tiny,
  useTemporaryFolder,
  write,
  writeImages,
  writeProduct,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let model: string;
const names = [
  'imageAuroc',
  'imageAp',
  'imageF1Max',
  'pixelAuroc',
  'pixelAp',
  'pixelF1Max',
  'aupro',
];

beforeAll(async () => {
  model = at('model.onnx');
  await writeProduct(at('line', 'bolt'));
  await writeProduct(at('line', 'nut'));
  await bigrid('train', at('line'), '--out', model, ...tiny);
});

test('a table has a row per class and one for the mean, with intervals; JSON has the same', async () => {
  const words = ['evaluate', model, at('line'), '--json', at('m.json'), '--report', at('r.html')];
  const { code, stdout, stderr } = await bigrid(...words);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^bolt( +\d\.\d{4}){7}$/m);
  expect(stdout).toMatch(/^nut( +\d\.\d{4}){7}$/m);
  expect(stdout).toMatch(/^mean( +\d\.\d{4}){7}$/m);
  expect(stdout.match(/^ {2}95 % from( +\d\.\d{4}){7}\n {2}to( +\d\.\d{4}){7}$/gm)).toHaveLength(3);
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(80);
  expect(isPlain(stdout + stderr)).toBe(true);
  const metrics = JSON.parse(await readFile(at('m.json'), 'utf8'));
  expect(Object.keys(metrics)).toEqual([
    'measured',
    'classes',
    'mean',
    'meanOver',
    'intervals',
    'defects',
    'verdicts',
    'operatingPoints',
    'images',
    'failed',
  ]);
  const { low, high } = metrics.intervals.classes.bolt.pixelAp;
  expect(low).toBeLessThanOrEqual(metrics.classes.bolt.pixelAp);
  expect(high).toBeGreaterThanOrEqual(metrics.classes.bolt.pixelAp);
  expect(metrics.defects.map(({ className }: { className: string }) => className)).toEqual(
    expect.arrayContaining(['bolt', 'nut']),
  );
  expect(Object.keys(metrics.classes)).toEqual(['bolt', 'nut']);
  for (const one of [metrics.mean, ...Object.values(metrics.classes)] as object[]) {
    expect(Object.keys(one)).toEqual(names);
  }
  expect(metrics.mean.imageAuroc).toBeGreaterThan(0.5);
  expect(await readFile(at('r.html'), 'utf8')).toMatch(/^<!doctype html>/i);
});

test('verdicts and report follow the threshold, also one for this run only', async () => {
  const product = at('line', 'bolt');
  const words = ['evaluate', model, product, '--report', at('all.html'), '--threshold', '0.0'];
  const { stdout, stderr } = await bigrid(...words);
  expect(stderr).toContain(
    'At the threshold 0.000 (0): 2 of 2 defective images detected, 2 false positives among 2 good images.',
  );
  expect(await readFile(at('all.html'), 'utf8')).toContain(
    'above the threshold 0.00: set by hand; 16 of 16 good',
  );
  const plain = await bigrid('evaluate', model, product);
  expect(plain.stdout).toBe(stdout);
  expect(plain.stderr).toMatch(/At the threshold \d+\.\d+ \(quantile:0\.99\): 2 of 2/);
});

test('operating points come with commands that set them and give the same verdicts', async () => {
  const product = at('line', 'bolt');
  const { stderr } = await bigrid('evaluate', model, product, '--json', at('points.json'));
  const { operatingPoints } = JSON.parse(await readFile(at('points.json'), 'utf8'));
  expect(operatingPoints.map(({ rule }: { rule: string }) => rule)).toEqual([
    ...['f1', 'recall:0.95', 'recall:0.99'],
  ]);
  expect(stderr).toMatch(
    /^ {2}best F1: threshold \d.*, 2 of 2 defects detected, 0 false positives among 2 good images$/m,
  );
  expect(stderr).toMatch(/^ {2}99 % recall: threshold /m);
  const commands = [...stderr.matchAll(/^ {4}(?:npx )?bigrid (calibrate .+) --out (.+)$/gm)];
  expect(commands).toHaveLength(3);
  for (const [, , out] of commands) expect(out).toBe(model);
  const [, words = ''] = commands[0] ?? [];
  const set = await bigrid(...words.split(' '), '--out', at('set.onnx'));
  expect(set.code, set.stderr).toBe(0);
  await bigrid('evaluate', at('set.onnx'), product, '--json', at('set.json'));
  const { verdicts } = JSON.parse(await readFile(at('set.json'), 'utf8'));
  const { threshold, truePositives, falsePositives } = operatingPoints[0];
  expect(verdicts).toMatchObject({
    ...{ threshold, caught: truePositives, falsePositives },
  });
});

test('a rule of labelled defects is set by the images evaluated, in verdicts and report', async () => {
  const product = at('line', 'bolt');
  const outputs = ['--json', at('f1.json'), '--report', at('f1.html')];
  for (const rule of ['f1', 'recall:0.5']) {
    const { code, stderr } = await bigrid(
      'evaluate',
      model,
      product,
      '--threshold',
      rule,
      ...outputs,
    );
    expect(code, stderr).toBe(0);
    const caught = rule === 'f1' ? 2 : 1;
    expect(stderr).toContain(
      `(${rule}): ${caught} of 2 defective images detected, 0 false positives`,
    );
    const { verdicts } = JSON.parse(await readFile(at('f1.json'), 'utf8'));
    expect(verdicts).toMatchObject({ rule, caught, falsePositives: 0 });
    expect(await readFile(at('f1.html'), 'utf8')).toContain(`by the rule ${rule}`);
  }
  await writeImages(at('sound', 'test', 'good'), 2);
  const none = await bigrid('evaluate', model, at('sound'), '--threshold', 'f1');
  expect(none.stderr).toContain('error THRESHOLD_UNSUPPORTED: Expected scores of labelled defects');
});

test('rows per image, with what was measured with what, in JSON and CSV; maps as NumPy reads them', async () => {
  const outputs = ['--json', at('rows.json'), '--csv', at('rows.csv'), '--maps', at('maps')];
  const { code, stderr } = await bigrid('evaluate', model, at('line'), ...outputs);
  expect(code, stderr).toBe(0);
  const { measured, images } = JSON.parse(await readFile(at('rows.json'), 'utf8'));
  expect(measured).toMatchObject({ data: at('line'), model: { file: model, seed: 0 } });
  expect(measured.model.sha256).toBe(
    createHash('sha256')
      .update(await readFile(model))
      .digest('hex'),
  );
  expect(measured.model.id).toMatch(/^\S+ [0-9a-f]{16}$/);
  expect(measured.model.dataHash).toMatch(/^[0-9a-f]{64}$/);
  expect(images).toHaveLength(8);
  const csv = (await readFile(at('rows.csv'), 'utf8')).trimEnd().split('\n');
  expect(csv[0]).toBe('path,class,label,score,verdict,map');
  for (const [index, image] of images.entries()) {
    const { path, class: name, label, score, verdict, map } = image;
    expect(path).toBe(at('line', name, 'test', label, basename(path)));
    expect(csv[index + 1]).toBe([path, name, label, score, verdict, map].join(','));
    expect(map).toBe(at('maps', name, 'test', label, basename(path).replace('.png', '.npy')));
    const npy = await readFile(map);
    expect(npy.subarray(0, 128).toString('latin1')).toContain("'shape': (256, 256), }");
    const values = new Float32Array(npy.buffer.slice(npy.byteOffset + 128));
    expect(values).toHaveLength(256 * 256);
    expect(values.every(Number.isFinite)).toBe(true);
  }
});

test('images between two thresholds are unsure: counted, listed and shown', async () => {
  const product = at('line', 'bolt');
  const rules = ['--threshold', '100000', '--unsure', '0'];
  const outputs = ['--report', at('unsure.html'), '--json', at('unsure.json')];
  const { stderr } = await bigrid('evaluate', model, product, ...rules, ...outputs);
  expect(stderr).toContain(
    '100000.000 (100000): 0 of 2 defective images detected, 0 false positives',
  );
  expect(stderr).toContain('Unsure above 0.000 (0): 4 images, 2 defective, 2 good.\n');
  // The most suspicious first.
  const listed = [...stderr.matchAll(/^ {2}(\d+\.\d{3}) {2}(\w+) {2}.+\.png$/gm)];
  expect(listed.map(([, , defect]) => defect)).toEqual(['spot', 'spot', 'good', 'good']);
  const { verdicts } = JSON.parse(await readFile(at('unsure.json'), 'utf8'));
  expect(verdicts).toMatchObject({
    ...{ rule: '100000', threshold: 100_000, unsure: { rule: '0', threshold: 0 } },
    ...{ caught: 0, missed: 0, falsePositives: 0, passed: 0, unsureDefects: 2, unsureGood: 2 },
  });
  expect(verdicts.unsureImages).toHaveLength(4);
  const page = await readFile(at('unsure.html'), 'utf8');
  expect(page).toContain('4 are unsure: 2 defective, 2 good.');
  expect(page.match(/class="badge unsure"/g)).toHaveLength(4);
});

test('a bundle that knows unsure is evaluated by it, unless told otherwise', async () => {
  const [doubting, product] = [at('doubting.onnx'), at('line', 'bolt')];
  const rules = ['--threshold', '100000', '--unsure', '0'];
  expect((await bigrid('calibrate', model, ...rules, '--out', doubting)).code).toBe(0);
  expect((await bigrid('evaluate', doubting, product)).stderr).toContain(
    'Unsure above 0.000 (0): 4',
  );
  const sure = await bigrid('evaluate', doubting, product, '--unsure', 'none');
  expect(sure.stderr).not.toContain('Unsure');
  expect(sure.stderr).toContain(
    '0 of 2 defective images detected, 0 false positives among 2 good images',
  );
  const above = await bigrid('evaluate', model, product, '--threshold', '1', '--unsure', '2');
  expect(above.stderr).toContain('error OPTION_INVALID: Expected unsure to begin at or below');
});

test('without masks the pixel metrics are a dash and null, and it is said why', async () => {
  await writeProduct(at('bare'));
  await rm(at('bare', 'ground_truth'), { recursive: true });
  const { code, stdout, stderr } = await bigrid(
    'evaluate',
    model,
    at('bare'),
    '--json',
    at('n.json'),
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/^mean( +\d\.\d{4}){3}( +-){4}$/m);
  expect(stderr).toContain('2 defective images without a usable mask');
  const spots = ['0.png', '1.png'].map((name) => at('bare', 'test', 'spot', name));
  for (const path of spots) expect(stderr).toContain(`  ${path}: it has no mask\n`);
  const { mean } = JSON.parse(await readFile(at('n.json'), 'utf8'));
  expect(Object.keys(mean)).toEqual(names);
  expect([mean.pixelAuroc, mean.aupro]).toEqual([null, null]);
});

test('masks that mark nothing are named', async () => {
  await writeProduct(at('black'));
  const black = sharp({ create: { width: 64, height: 64, channels: 3, background: 'black' } });
  const mask = at('black', 'ground_truth', 'spot', '1_mask.png');
  await write(mask, await black.png().toBuffer());
  const { stderr } = await bigrid('evaluate', model, at('black'));
  expect(stderr).toContain('1 defective image without a usable mask');
  expect(stderr).toContain(`  ${at('black', 'test', 'spot', '1.png')}: its mask is empty\n`);
});

test('the mean is over the classes that have a metric, and it is said how many', async () => {
  for (const name of ['bolt', 'nut']) await writeProduct(at('half', name));
  await rm(at('half', 'nut', 'ground_truth'), { recursive: true });
  const words = ['evaluate', model, at('half'), '--json', at('h.json'), '--report', at('h.html')];
  const { stdout, stderr } = await bigrid(...words);
  expect(stdout).toMatch(/^nut( +\d\.\d{4}){3}( +-){4}$/m);
  expect(stdout).toMatch(/^mean( +\d\.\d{4}){7}$/m);
  expect(stderr).toContain(
    'Mean over the 1 of 2 classes for which it is defined: pixel AUROC, pixel AP, pixel F1-max, pixel AUPRO.',
  );
  const { mean, meanOver, classes } = JSON.parse(await readFile(at('h.json'), 'utf8'));
  expect(mean.aupro).toBe(classes.bolt.aupro);
  expect([meanOver.imageAuroc, meanOver.aupro]).toEqual([2, 1]);
  expect(await readFile(at('h.html'), 'utf8')).toContain('over 1 of 2 products');
});

test('images that cannot be read are named, and the command fails after the rest', async () => {
  await writeProduct(at('broken'));
  await write(at('broken', 'test', 'good', 'text.png'), 'not an image');
  const { code, stdout, stderr } = await bigrid(
    'evaluate',
    model,
    at('broken'),
    '--json',
    at('b.json'),
  );
  expect(code).toBe(1);
  expect(stdout).toMatch(/^mean/m);
  expect(stderr).toContain('text.png');
  expect(stderr).toContain(
    'error SOME_IMAGES_FAILED: Expected to read 5 test images but received 1',
  );
  expect(JSON.parse(await readFile(at('b.json'), 'utf8')).mean.imageAuroc).toBeTypeOf('number');
});

test('--quiet prints the table alone', async () => {
  const { stdout, stderr } = await bigrid('evaluate', model, at('line', 'nut'), '--quiet');
  expect(stdout).toMatch(/^nut/m);
  expect(stderr).toBe('');
});

test('a folder without test images is refused', async () => {
  await writeImages(at('flat'), 2);
  const { code, stderr } = await bigrid('evaluate', model, at('flat'));
  expect(stderr).toMatch(/^error DATA_NO_TEST: /);
  expect(code).toBe(65);
});

test('an output that cannot be written is refused before anything is evaluated', async () => {
  for (const flag of ['--json', '--csv', '--report', '--maps']) {
    const { code, stderr } = await bigrid(
      'evaluate',
      model,
      at('line'),
      flag,
      join(model, 'below'),
    );
    expect(stderr).toMatch(/^error OUTPUT_UNWRITABLE: /);
    expect(code).toBe(73);
  }
});

test('info describes the model, as text and as JSON', async () => {
  const { code, stdout } = await bigrid('info', model);
  expect(code).toBe(0);
  expect(stdout).toMatch(/classes +bolt, nut/);
  expect(stdout).toMatch(/threshold +\d+\.\d+: images that score above it are anomalous/);
  expect(stdout).toMatch(/training +12 good images, 4 more held out/);
  expect(stdout).toMatch(/normal images above it \(from 16 images.*, cross-fitted\)/);
  expect(stdout).toContain('image: uint8 [1, height, width, 3]');
  expect(stdout).toContain('anomaly_map: float32 [1, 256, 256]');
  const facts = JSON.parse((await bigrid('info', model, '--json')).stdout);
  expect(Object.keys(facts)).toEqual(['path', 'bytes', 'inputs', 'outputs', 'manifest']);
  expect(facts.bytes).toBe((await readFile(model)).length);
  expect(facts.manifest.classes).toEqual(['bolt', 'nut']);
});
