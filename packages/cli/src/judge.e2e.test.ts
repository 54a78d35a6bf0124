import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { bigrid, tiny, useTemporaryFolder, writeProduct } from '../testing/command-line.ts';

/** A Python with the packages of tools/requirements-parity.txt. */
const { BIGRID_PYTHON: python } = process.env;

const at = useTemporaryFolder();

beforeAll(() => writeProduct(at('product')));

/** What tools/judge.py prints, by the name of the metric. */
function judged(file: string, folder: string): Record<string, number> {
  const script = fileURLToPath(new URL('../../../tools/judge.py', import.meta.url));
  const parameters = [script, file, folder, '--threads', '1'];
  const printed = execFileSync(python as string, parameters, { encoding: 'utf8' });
  expect(printed).toMatch(/^2 good images, 2 anomalous, 0 of them without a mask\n/);
  const lines = printed.trim().split('\n').slice(1);
  return Object.fromEntries(
    lines.map((line) => line.split(/ {2,}/)).map(([k, v]) => [k, Number(v)]),
  );
}

it.skipIf(!python)('measures what metrics computed without Bigrid say', async () => {
  const file = at('product.onnx');
  expect(await bigrid('train', at('product'), '--out', file, ...tiny)).toMatchObject({ code: 0 });
  const json = at('metrics.json');
  const words = ['evaluate', file, at('product'), '--json', json, '--threads', '1'];
  expect(await bigrid(...words)).toMatchObject({ code: 0 });
  const { mean } = JSON.parse(await readFile(json, 'utf8'));
  const own = judged(file, at('product'));
  expect(own['image AUROC']).toBeCloseTo(mean.imageAuroc, 6);
  expect(own['pixel AUROC']).toBeCloseTo(mean.pixelAuroc, 3);
  expect(own['pixel AP']).toBeCloseTo(mean.pixelAp, 3);
  expect(own.AUPRO).toBeCloseTo(mean.aupro, 3);
});
