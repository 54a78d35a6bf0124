import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  isPlain,
  tiny,
  useTemporaryFolder,
  write,
  writePictures,
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

test('a table has a row a class and their mean, with intervals; JSON has the same', async () => {
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
    'classes',
    'mean',
    'meanOver',
    'intervals',
    'defects',
    'verdicts',
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

test('verdicts and report follow the threshold, also one for this run alone', async () => {
  const product = at('line', 'bolt');
  const words = ['evaluate', model, product, '--report', at('all.html'), '--threshold', '0.0'];
  const { stdout, stderr } = await bigrid(...words);
  expect(stderr).toContain(
    'At the threshold 0.000 (0): 2 of 2 defective pictures caught, 2 false alarms among 2 good.',
  );
  expect(await readFile(at('all.html'), 'utf8')).toContain('above 0.00: set by hand; 2 of 2 good');
  const plain = await bigrid('evaluate', model, product);
  expect(plain.stdout).toBe(stdout);
  expect(plain.stderr).toMatch(/At the threshold \d+\.\d+ \(quantile:0\.99\): 2 of 2/);
});

test('pictures between two thresholds are unsure: counted, listed and shown', async () => {
  const product = at('line', 'bolt');
  const rules = ['--threshold', '1000', '--unsure', '0'];
  const outputs = ['--report', at('unsure.html'), '--json', at('unsure.json')];
  const { stderr } = await bigrid('evaluate', model, product, ...rules, ...outputs);
  expect(stderr).toContain('1000.000 (1000): 0 of 2 defective pictures caught, 0 false alarms');
  expect(stderr).toContain('Unsure from 0.000 (0): 4 pictures, 2 defective, 2 good.\n');
  // The most suspicious first.
  const listed = [...stderr.matchAll(/^ {2}(\d+\.\d{3}) {2}(\w+) {2}.+\.png$/gm)];
  expect(listed.map(([, , defect]) => defect)).toEqual(['spot', 'spot', 'good', 'good']);
  const { verdicts } = JSON.parse(await readFile(at('unsure.json'), 'utf8'));
  expect(verdicts).toMatchObject({
    ...{ rule: '1000', threshold: 1000, unsure: { rule: '0', threshold: 0 } },
    ...{ caught: 0, missed: 0, falseAlarms: 0, passed: 0, unsureDefects: 2, unsureGood: 2 },
  });
  expect(verdicts.unsurePictures).toHaveLength(4);
  const page = await readFile(at('unsure.html'), 'utf8');
  expect(page).toContain('4 are unsure: 2 defective, 2 good.');
  expect(page.match(/class="badge unsure"/g)).toHaveLength(4);
});

test('a bundle that knows unsure is evaluated by it, unless told otherwise', async () => {
  const [doubting, product] = [at('doubting.onnx'), at('line', 'bolt')];
  const rules = ['--threshold', '1000', '--unsure', '0'];
  expect((await bigrid('calibrate', model, ...rules, '--out', doubting)).code).toBe(0);
  expect((await bigrid('evaluate', doubting, product)).stderr).toContain(
    'Unsure from 0.000 (0): 4',
  );
  const sure = await bigrid('evaluate', doubting, product, '--unsure', 'none');
  expect(sure.stderr).not.toContain('Unsure');
  expect(sure.stderr).toContain('0 of 2 defective pictures caught, 0 false alarms among 2 good');
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
  expect(stderr).toContain('2 defective pictures without a usable mask');
  const { mean } = JSON.parse(await readFile(at('n.json'), 'utf8'));
  expect(Object.keys(mean)).toEqual(names);
  expect([mean.pixelAuroc, mean.aupro]).toEqual([null, null]);
});

test('the mean is over the classes that have a metric, and it is said how many', async () => {
  for (const name of ['bolt', 'nut']) await writeProduct(at('half', name));
  await rm(at('half', 'nut', 'ground_truth'), { recursive: true });
  const words = ['evaluate', model, at('half'), '--json', at('h.json'), '--report', at('h.html')];
  const { stdout, stderr } = await bigrid(...words);
  expect(stdout).toMatch(/^nut( +\d\.\d{4}){3}( +-){4}$/m);
  expect(stdout).toMatch(/^mean( +\d\.\d{4}){7}$/m);
  expect(stderr).toContain(
    'Mean over the 1 of 2 classes that have it: pixel AUROC, pixel AP, pixel F1-max, pixel AUPRO.',
  );
  const { mean, meanOver, classes } = JSON.parse(await readFile(at('h.json'), 'utf8'));
  expect(mean.aupro).toBe(classes.bolt.aupro);
  expect([meanOver.imageAuroc, meanOver.aupro]).toEqual([2, 1]);
  expect(await readFile(at('h.html'), 'utf8')).toContain('over 1 of 2 products');
});

test('pictures that cannot be read are named, and the command fails after the rest', async () => {
  await writeProduct(at('broken'));
  await write(at('broken', 'test', 'good', 'text.png'), 'not a picture');
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
    'error SOME_PICTURES_FAILED: Expected to read 5 test pictures but received 1',
  );
  expect(JSON.parse(await readFile(at('b.json'), 'utf8')).mean.imageAuroc).toBeTypeOf('number');
});

test('--quiet prints the table alone', async () => {
  const { stdout, stderr } = await bigrid('evaluate', model, at('line', 'nut'), '--quiet');
  expect(stdout).toMatch(/^nut/m);
  expect(stderr).toBe('');
});

test('a folder without test pictures is refused', async () => {
  await writePictures(at('flat'), 2);
  const { code, stderr } = await bigrid('evaluate', model, at('flat'));
  expect(stderr).toMatch(/^error DATA_NO_TEST: /);
  expect(code).toBe(65);
});

test('an output that cannot be written is refused before anything is evaluated', async () => {
  for (const flag of ['--json', '--report']) {
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

test('info tells about the bundle, to people and to programs', async () => {
  const { code, stdout } = await bigrid('info', model);
  expect(code).toBe(0);
  expect(stdout).toMatch(/classes +bolt, nut/);
  expect(stdout).toMatch(/threshold +\d+\.\d+: pictures that score above it are anomalous/);
  expect(stdout).toMatch(/training +14 good pictures, 2 more held out/);
  expect(stdout).toContain('image: uint8 [1, height, width, 3]');
  expect(stdout).toContain('anomaly_map: float32 [1, 256, 256]');
  const facts = JSON.parse((await bigrid('info', model, '--json')).stdout);
  expect(Object.keys(facts)).toEqual(['path', 'bytes', 'inputs', 'outputs', 'manifest']);
  expect(facts.bytes).toBe((await readFile(model)).length);
  expect(facts.manifest.classes).toEqual(['bolt', 'nut']);
});
