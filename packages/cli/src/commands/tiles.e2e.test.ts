import { readFile, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  ended,
  imageBytes,
  start,
  tiny,
  useTemporaryFolder,
  write,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();

/** Images of 150 x 100 pixels: 2 x 3 tiles of at most 64 pixels with a quarter of overlap. */
beforeAll(async () => {
  for (let i = 0; i < 10; i++) {
    const bad = i >= 8;
    const large = sharp(await imageBytes(i, bad)).resize(150, 100, { fit: 'fill' });
    await write(at('part', bad ? 'bad' : 'good', `${i}.png`), await large.png().toBuffer());
  }
  const flags = ['--out', at('tiled.onnx'), '--tile', '64', ...tiny];
  const { code, stderr } = await bigrid('train', at('part'), ...flags);
  expect(stderr).not.toContain('Expected');
  expect(code).toBe(0);
}, 60_000);

test('info shows the tiles and the size of the maps', async () => {
  const { stdout } = await bigrid('info', at('tiled.onnx'), '--json');
  const { outputs, manifest } = JSON.parse(stdout);
  expect(manifest.method.tiles).toEqual({ rows: 2, columns: 3 });
  // 8 cells per tile, 2 of them shared, at 16 map pixels.
  expect(outputs.anomaly_map.shape).toEqual([1, 14 * 16, 20 * 16]);
  const { stdout: shown } = await bigrid('info', at('tiled.onnx'));
  expect(shown).toContain('images in 2 x 3 tiles at 64 x 64');
});

test('a killed training with tiles resumes to the same model', async () => {
  const flags = ['--tile', '64', ...tiny, '--epochs', '3', '--checkpoint-seconds', '0'];
  const train = (name: string, ...more: string[]) => [
    ...['train', at('part'), '--out', at('tiles', name), ...flags],
    ...more,
  ];
  expect((await bigrid(...train('whole.onnx'))).code).toBe(0);
  const child = start(train('cut.onnx'));
  const end = ended(child);
  // The first state that contains weights: it is past reading.
  const hasSteps = () =>
    stat(at('tiles', 'cut.onnx.checkpoint', 'state')).then(
      ({ size }) => size > 100_000,
      () => false,
    );
  while (child.exitCode === null && !(await hasSteps())) await setTimeout(5);
  child.kill('SIGKILL');
  expect((await end).code).toBe(137);
  const resumed = await bigrid(...train('cut.onnx', '--resume'));
  expect(resumed.stderr).toMatch(/^reading 8\/8, in/);
  const [whole, cut] = await Promise.all(
    ['whole.onnx', 'cut.onnx'].map(async (name) =>
      (await readFile(at('tiles', name), 'latin1')).replace(/"createdAt":"[^"]*"/, ''),
    ),
  );
  expect(cut === whole).toBe(true);
}, 60_000);

test('inspect, evaluate with a report and calibrate need no option for it', async () => {
  const bundle = at('tiled.onnx');
  const flags = ['--out', at('marked'), '--json'];
  const inspected = await bigrid('inspect', bundle, at('part', 'bad'), ...flags);
  expect(inspected.code).toBe(0);
  const [first] = inspected.stdout.split('\n');
  expect(JSON.parse(first as string).score).toBeGreaterThan(0);
  const evaluated = await bigrid('evaluate', bundle, at('part'), '--report', at('r.html'));
  expect(evaluated.code).toBe(0);
  expect(evaluated.stdout).toMatch(/mean .*\d\.\d{4}/);
  expect((await readFile(at('r.html'), 'utf8')).toLowerCase()).toContain('<!doctype html>');
  const again = ['calibrate', bundle, at('part'), '--allow-suspect', '--out', at('again.onnx')];
  const calibrated = await bigrid(...again);
  expect(calibrated.code).toBe(0);
  const { stdout } = await bigrid('info', at('again.onnx'), '--json');
  expect(JSON.parse(stdout).manifest.method.tiles).toEqual({ rows: 2, columns: 3 });
});

test.each(['big', '10', '9000', '64.5'])('--tile %s is refused', async (tile) => {
  const { code, stderr } = await bigrid('train', at('part'), '--out', at('x.onnx'), '--tile', tile);
  expect(code).toBe(64);
  const words = `Expected auto or an integer from 64 to 8192 for --tile but received ${tile}`;
  expect(stderr).toContain(words);
});

test('training from a model keeps its tiles and accepts no others', async () => {
  const flags = ['--out', at('y.onnx'), '--from', at('tiled.onnx'), '--tile', '99'];
  const { code, stderr } = await bigrid('train', at('part'), ...flags);
  expect(code).toBe(64);
  expect(stderr).toContain('--from without --tile');
});
