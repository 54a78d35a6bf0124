import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Bundle,
  calibrate,
  inspect,
  type TrainRequest,
  train,
  type Verdict,
} from '@bigrid/node';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  bigrid,
  imageBytes,
  useTemporaryFolder,
  write,
  writeImages,
} from '../testing/command-line.ts';
import { table } from './output.ts';

/** A Python with the packages of tools/requirements-parity.txt. */
const { BIGRID_PYTHON: python } = process.env;
if (!python) {
  console.log('Parity with Python is not tested: BIGRID_PYTHON does not name an interpreter.');
}

const at = useTemporaryFolder();

beforeAll(async () => {
  await writeImages(at('good'), 8);
  for (let i = 0; i < 8; i++) {
    const broad = sharp(await imageBytes(i)).resize(150, 64, { fit: 'fill' });
    await write(at('broad', `${i}.png`), await broad.png().toBuffer());
  }
  const wide = sharp(await imageBytes(20)).resize(150, 64, { fit: 'fill' });
  await write(at('wide.png'), await wide.png().toBuffer());
  await write(at('bad.png'), await imageBytes(21, true));
  // The spot is within the white area.
  const white = sharp({ create: { width: 50, height: 50, channels: 3, background: 'white' } });
  const mask = white.extend({ left: 10, top: 10, right: 4, bottom: 4, background: 'black' });
  await write(at('mask.png'), await mask.png().toBuffer());
});

const images = () => ['wide.png', 'bad.png', 'good/0.png'].map((path) => at(path));

function runTool(tool: string, parameters: readonly string[]): string {
  const path = fileURLToPath(new URL(`../../../tools/${tool}`, import.meta.url));
  return execFileSync(python as string, [path, ...parameters], { encoding: 'utf8' });
}

/** The numbers of a .npy file of float32. */
async function readNpy(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  const header = bytes.toString('latin1', 10, 10 + bytes.readUInt16LE(8));
  expect(header).toMatch(/'descr': '<f4', 'fortran_order': False, 'shape': \(\d+, \d+\)/);
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

/** The result of one way of inspecting an image. */
interface Seen {
  readonly score: number;
  /** Undefined if that way gives none. */
  readonly map?: { readonly data: Float32Array };
}

type Way = readonly [name: string, seen: readonly Seen[]];

async function throughApi(bundle: Bundle | string, mask?: string): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const options = { threads: 1, ...(mask === undefined ? {} : { mask }) };
  for await (const verdict of inspect(bundle, images(), options)) {
    verdicts.push(verdict as Verdict);
  }
  return verdicts;
}

async function throughCommandLine(file: string): Promise<(Seen & Pick<Verdict, 'regions'>)[]> {
  const { stdout } = await bigrid('inspect', file, ...images(), '--json', '--threads', '1');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function throughPython(file: string): Promise<Seen[]> {
  const maps = `${file} maps`;
  const printed = runTool('parity.py', [file, ...images(), '--npy', maps, '--threads', '1']);
  const lines = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ path }) => path)).toEqual(images());
  return Promise.all(
    lines.map(async ({ score, map }, index) => {
      const whole = await readNpy(join(maps, `${['wide', 'bad', '0'][index]}.npy`));
      expect(map.maximum).toBeCloseTo(
        whole.reduce((a, b) => Math.max(a, b)),
        6,
      );
      return { score, map: { data: whole } };
    }),
  );
}

/** A row per way, with the largest difference of its scores and maps from those of the first. */
function showTable(name: string, [first, ...others]: readonly [Way, ...Way[]]): number {
  const apart = others.map(([way, seen]) => {
    const [, expected] = first;
    expect(seen).toHaveLength(expected.length);
    const scores = seen.map(({ score }, index) =>
      Math.abs(score / (expected[index]?.score ?? 0) - 1),
    );
    const maps = seen.map(
      ({ map }, index) => map && relative(map.data, expected[index]?.map?.data ?? []),
    );
    const known = maps.filter((map) => map !== undefined);
    return {
      way,
      score: Math.max(...scores),
      map: known.length > 0 ? Math.max(...known) : undefined,
    };
  });
  const cell = (value: number | undefined) => (value === undefined ? '-' : value.toExponential(1));
  const columns = [{ head: `${name}: from ${first[0]}` }, { head: 'score' }, { head: 'map' }];
  console.log(
    table(
      columns,
      apart.map(({ way, score, map }) => [way, cell(score), cell(map)]),
    ),
  );
  return Math.max(...apart.flatMap(({ score, map = 0 }) => [score, map]));
}

const cases: [string, TrainRequest][] = [
  ['the fast profile', {}],
  ['tiles', { tile: 64 }],
  [
    'the published abnormal grid',
    { grids: 'published-abnormal', branch: 'basic', anomalySource: 'noise' },
  ],
];

describe.each(cases)('a bundle of %s', (name, options) => {
  it('gives the same score and map whichever way an image is inspected', async () => {
    const dir = at(options.tile ? 'broad' : 'good');
    const out = at(`${name}.onnx`);
    const bundle = await train(dir, { ...options, size: 64, epochs: 2, threads: 1, out });
    const calibrated = at(`${name}, calibrated.onnx`);
    const masked = at(`${name}, masked.onnx`);
    // Which images set the threshold does not matter here: use those learnt.
    const request = { dir, allowSuspect: true, threads: 1 };
    await calibrate(out, { ...request, threshold: 'max-fpr:0.2', out: calibrated });
    await calibrate(out, { ...request, mask: at('mask.png'), out: masked });

    const direct = await throughApi(bundle);
    const printed = await throughCommandLine(out);
    expect(printed.map(({ regions }) => regions)).toEqual(direct.map(({ regions }) => regions));
    const ways: [Way, ...Way[]] = [
      ['the API', direct],
      ['saved and read again', await throughApi(out)],
      ['calibrated, saved and read again', await throughApi(calibrated)],
      ['bigrid inspect --json', printed],
    ];
    const underMask: [Way, ...Way[]] = [
      ['the API under a mask', await throughApi(bundle, at('mask.png'))],
      ['calibrated under it, saved and read again', await throughApi(masked)],
      ['bigrid inspect --json', await throughCommandLine(masked)],
    ];
    if (python) {
      ways.push(['ONNX Runtime of Python', await throughPython(out)]);
      ways.push(['ONNX Runtime of Python, calibrated', await throughPython(calibrated)]);
      underMask.push(['ONNX Runtime of Python', await throughPython(masked)]);
      for (const file of [out, masked]) expect(runTool('check-onnx.py', [file])).toMatch(/^ok /);
    }
    expect(showTable(name, ways)).toBeLessThan(1e-4);
    expect(showTable(name, underMask)).toBeLessThan(1e-4);
    const [plain, hidden] = [direct[1], underMask[0][1][1]];
    expect(hidden?.score).toBeLessThan(plain?.score ?? 0);
  });
});
