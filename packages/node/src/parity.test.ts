import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Verdict } from '@bigrid/inspect';
import { Random } from '@bigrid/method';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect, type TrainRequest, train } from './api.ts';

/** A Python with the packages of tools/requirements-parity.txt. */
const { BIGRID_PYTHON: python } = process.env;
if (!python) {
  console.log('Parity with Python is not tested: BIGRID_PYTHON does not name an interpreter.');
}

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-parity-'));
  await mkdir(join(folder, 'good'));
  for (let seed = 0; seed < 8; seed++) await writePicture(join('good', `${seed}.png`), seed);
  await writePicture('wide.png', 20, { width: 150, height: 64 });
  await writePicture('bad.png', 21, { spot: true });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Stripes with noise; with a spot, a part of it is dark. */
async function writePicture(
  name: string,
  seed: number,
  options: { width?: number; height?: number; spot?: boolean } = {},
): Promise<void> {
  const { width = 70, height = 90, spot = false } = options;
  const random = new Random(seed).fork('picture');
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    if (spot && Math.hypot(x - 40, y - 50) < 12) return 10;
    return 120 + 50 * Math.sin(x / 5 + (i % 3)) + random.uniform(-20, 20);
  });
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(join(folder, name));
}

function runTool(tool: string, parameters: readonly string[]): string {
  const path = fileURLToPath(new URL(`../../../tools/${tool}`, import.meta.url));
  return execFileSync(python as string, [path, ...parameters], { encoding: 'utf8' });
}

/** The numbers of a .npy file of float32. */
async function readNpy(path: string, height: number, width: number): Promise<Float32Array> {
  const bytes = await readFile(path);
  const header = bytes.toString('latin1', 10, 10 + bytes.readUInt16LE(8));
  const expected = `'descr': '<f4', 'fortran_order': False, 'shape': (${height}, ${width})`;
  expect(header).toContain(expected);
  return new Float32Array(Uint8Array.from(bytes.subarray(10 + header.length)).buffer);
}

/** The largest distance, in units of the largest value. */
function relative(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let [apart, largest] = [0, 0];
  for (let i = 0; i < actual.length; i++) {
    apart = Math.max(apart, Math.abs((actual[i] as number) - (expected[i] as number)));
    largest = Math.max(largest, Math.abs(expected[i] as number));
  }
  return apart / largest;
}

const cases: [string, TrainRequest][] = [
  ['the fast profile', {}],
  ['tiles', { tile: 64 }],
  ['the abnormal grid alone', { grids: 'abnormal', branch: 'basic', anomalySource: 'noise' }],
];

describe.skipIf(!python).each(cases)('a bundle of %s', (name, options) => {
  it('gives the same under Python, and passes the checker of ONNX', async () => {
    const out = join(folder, `${name}.onnx`);
    const bundle = await train(folder, { ...options, size: 64, epochs: 2, threads: 1, out });
    const pictures = ['wide.png', 'bad.png', 'good/0.png'].map((path) => join(folder, path));
    const maps = join(folder, `${name} maps`);
    const printed = runTool('parity.py', [out, ...pictures, '--npy', maps, '--threads', '1']);
    const lines = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const verdicts: Verdict[] = [];
    for (const path of pictures) {
      for await (const verdict of inspect(bundle, [path], { threads: 1 })) {
        verdicts.push(verdict as Verdict);
      }
    }
    for (const [at, { path, score, map }] of verdicts.entries()) {
      expect(lines[at].path).toBe(path);
      expect(Math.abs(lines[at].score / score - 1)).toBeLessThan(1e-4);
      const file = join(maps, `${['wide', 'bad', '0'][at]}.npy`);
      const theirs = await readNpy(file, map.height, map.width);
      expect(relative(theirs, map.data)).toBeLessThan(1e-4);
      expect(lines[at].map).toMatchObject({ width: map.width, height: map.height });
      expect(lines[at].map.maximum).toBeCloseTo(
        theirs.reduce((a, b) => Math.max(a, b)),
        6,
      );
    }
    expect(lines).toHaveLength(verdicts.length);
    expect(runTool('check-onnx.py', [out])).toMatch(/^ok /);
  });
});
