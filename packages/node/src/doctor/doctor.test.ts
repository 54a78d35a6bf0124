import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, float32, type Tensor } from '@bigrid/graph';
import type { Image } from '@bigrid/inspect';
import { Random } from '@bigrid/method';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleManifest } from '../../../inspect/testing/example-manifest.ts';
import { DataFolder } from '../../testing/data-folder.ts';
import { onnxRuntimeEngine } from '../engine/engine.ts';
import { checkBundle, thresholdFinding } from './bundle.ts';
import { checkData } from './data.ts';
import type { Finding } from './diagnosis.ts';
import { checkMachine } from './machine.ts';
import { FeatureReader, OddImages, unlikeTheRest } from './odd-images.ts';
import { selfTest } from './self-test.ts';

const levels = (findings: readonly Finding[], check: string) =>
  findings.filter((finding) => finding.check === check).map(({ level }) => level);

describe('selfTest', () => {
  it('passes on the real engine', async () => {
    const results = await selfTest(onnxRuntimeEngine({ threads: 1 }));
    expect(results.map(({ operation }) => operation)).toEqual([
      'convolution',
      'antialiased resize',
      'table read',
      'half precision',
    ]);
    expect(results.every(({ passed }) => passed)).toBe(true);
  });

  it('names the operation that an engine computes wrongly, and the error', async () => {
    const real = onnxRuntimeEngine({ threads: 1 });
    const wrong: Engine = {
      description: 'a wrong engine',
      async load(model) {
        const session = await real.load(model);
        return {
          async run(inputs) {
            const outputs = await session.run(inputs);
            const { data, shape } = outputs['table read'] as Tensor<'float32'>;
            const off = Array.from(data, (value) => value + 0.01);
            return { ...outputs, 'table read': float32(shape, off) };
          },
          dispose: () => session.dispose(),
        };
      },
    };
    const failed = (await selfTest(wrong)).filter(({ passed }) => !passed);
    expect(failed.map(({ operation }) => operation)).toEqual(['table read']);
    expect(failed[0]?.off).toBeCloseTo(0.01, 4);
  });
});

describe('checkMachine', () => {
  it('reports what is installed, and no faults on this machine', async () => {
    const { subject, facts, findings } = await checkMachine({ threads: 1 });
    expect(subject).toBe('machine');
    expect(Object.fromEntries(facts)).toMatchObject({ 'Node.js': process.versions.node });
    expect(findings.filter(({ level }) => level === 'fix')).toEqual([]);
    expect(levels(findings, 'engine')).toEqual(['ok']);
  });
});

describe('checkBundle', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bigrid-doctor-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reports a file that is not a model file, with a remedy', async () => {
    const file = join(folder, 'no.onnx');
    await writeFile(file, 'not a model');
    const { findings } = await checkBundle(file);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ level: 'fix', check: 'file' });
    expect(findings[0]?.message).toMatch(/^BUNDLE_INVALID: /);
    expect((await checkBundle(join(folder, 'none.onnx'))).findings[0]?.message).toMatch(
      /^PATH_MISSING: /,
    );
  });
});

describe('thresholdFinding', () => {
  const calibrated = (count: number, over = {}) => {
    const scores = Array.from({ length: count }, (_, at) => at + 1);
    const calibration = {
      ...exampleManifest.calibration,
      scores,
      threshold: count,
      ...over,
    };
    return thresholdFinding({ calibration });
  };

  it.each([
    ['too few', 12, {}, 'note', 'at least 20 different normal parts'],
    ['fewer than the rule needs', 21, {}, 'note', 'at least 99 different normal parts'],
    ['as many as the rule needs', 99, {}, 'ok', undefined],
    ['enough for another rule', 21, { rule: 'max-fpr:0.05' }, 'ok', undefined],
    ['frames of one part', 40, { groups: Array(40).fill(0) }, 'fix', 'at least 20 different'],
    ['near-duplicates', 40, { origin: 'near-duplicates' }, 'fix', 'at least 20 different'],
    ['nothing above 0', 40, { threshold: 0 }, 'fix', '`calibrate`'],
  ] as const)('%s', (_, count, over, level, remedy) => {
    const finding = calibrated(count, over);
    expect(finding.level).toBe(level);
    if (remedy) expect(finding.remedy).toContain(remedy);
  });
});

/** A striped image with noise of its own, as rows of numbers. */
function rows(seed: number, change: (value: number) => number = (value) => value) {
  const random = new Random(seed);
  return Array.from({ length: 32 }, (_, y) =>
    Array.from({ length: 32 }, (_, x) =>
      Math.round(
        change(110 + 40 * Math.sin(x / 3) + 30 * Math.cos(y / 4) + random.uniform(-30, 30)),
      ),
    ),
  );
}

describe('checkData', () => {
  let data: DataFolder;
  beforeAll(async () => {
    data = await DataFolder.make();
    for (let seed = 0; seed < 12; seed++)
      await data.png(`sound/train/good/${seed}.png`, rows(seed));
    await data.png('sound/test/good/0.png', rows(50));
    await data.png('sound/test/bad/0.png', rows(51));
    for (let seed = 0; seed < 12; seed++) await data.png(`ill/train/good/${seed}.png`, rows(seed));
    await data.png(
      'ill/train/good/dark.png',
      rows(60, (value) => value / 4),
    );
    await data.png('ill/train/good/colour.png', [
      [
        [200, 10, 10],
        [10, 10, 200],
      ],
    ]);
    await data.write('ill/train/good/cut.png', 'no image');
    await data.png('ill/test/good/copy.png', rows(3));
    await data.png('ill/test/bad/copy.png', rows(5));
  });
  afterAll(() => data.remove());

  it('finds no faults in sound data, and notes that there are few images', async () => {
    let [last, of] = [0, 0];
    const onImage = (done: number, total: number) => {
      [last, of] = [done, total];
    };
    const { facts, findings } = await checkData(data.at('sound'), { threads: 1, onImage });
    expect([last, of]).toEqual([14, 14]);
    expect(Object.fromEntries(facts)).toEqual({
      layout: 'MVTec AD',
      training: '12 good images',
      test: '1 good and 1 defective images',
    });
    expect(findings.filter(({ level }) => level === 'fix')).toEqual([]);
    for (const check of ['readable', 'duplicates', 'size', 'colour', 'exposure', 'light']) {
      expect([check, ...levels(findings, check)]).toEqual([check, 'ok']);
    }
    expect(levels(findings, 'enough')).toEqual(['note']);
  });

  it('says what to collect if all images show a few parts', async () => {
    for (let at = 0; at < 24; at++) {
      const frame = (value: number) => value + Number(at % 2 === 1);
      await data.png(`frames/good/${at}.png`, rows(100 + Math.floor(at / 8), frame));
      await data.png(`one/good/${at}.png`, rows(100, frame));
    }
    const frames = (await checkData(data.at('frames'), { threads: 1 })).findings;
    expect(frames.find(({ check }) => check === 'enough')).toMatchObject({
      level: 'note',
      message: expect.stringContaining('of 3 parts'),
      remedy: expect.stringContaining('at least 20 different parts'),
    });
    const one = (await checkData(data.at('one'), { threads: 1 })).findings;
    expect(levels(one, 'enough')).toEqual(['fix']);
  });

  it('reports copies, contradicting labels, unreadable files, sizes, colour modes and lighting', async () => {
    const { findings } = await checkData(data.at('ill'), { threads: 1 });
    const found = (check: string, level: string) =>
      findings
        .filter((finding) => finding.check === check && finding.level === level)
        .flatMap(({ paths = [] }) => paths)
        .map((group) => group.map((path) => path.slice(data.at('ill').length + 1)));
    expect(found('readable', 'fix')).toEqual([['train/good/cut.png']]);
    expect(found('copies', 'fix')).toEqual([
      ['train/good/3.png', 'test/good/copy.png'],
      ['train/good/5.png', 'test/bad/copy.png'],
    ]);
    expect(found('labels', 'fix')).toEqual([['train/good/5.png', 'test/bad/copy.png']]);
    expect(found('colour', 'note')).toEqual([['train/good/colour.png']]);
    expect(found('light', 'note')).toContainEqual(['train/good/dark.png']);
    expect(levels(findings, 'size')).toEqual(['note']);
    for (const { level, remedy } of findings) expect(remedy === undefined).toBe(level === 'ok');
  });

  it('reports a folder without images', async () => {
    await data.write('empty/notes.txt', '');
    const { findings } = await checkData(data.at('empty'));
    expect(findings).toMatchObject([{ level: 'fix', check: 'layout' }]);
    expect(findings[0]?.message).toMatch(/^DATA_EMPTY: /);
  });
});

describe('OddImages', () => {
  /** Stripes with noise of its own, and a square of light. */
  const image = (seed: number, square = false): Image => {
    const values = rows(seed);
    for (let i = 0; square && i < 9; i++)
      (values[20 + (i % 3)] as number[])[5 + Math.floor(i / 3)] = 255;
    const data = Uint8Array.from(values.flat().flatMap((value) => [value, value, value]));
    return { width: 32, height: 32, data };
  };

  it('compares the images of a class cell by cell, even if classes are interleaved', async () => {
    const reader = await FeatureReader.open({ threads: 1 });
    const compared = new OddImages();
    for (let seed = 0; seed < 12; seed++) {
      await compared.add(`${seed}`, 'square', await reader.read(image(seed, seed === 7)));
      await compared.add(`${seed}`, 'plain', await reader.read(image(100 + seed)));
    }
    const [square, plain] = [await compared.of('square'), await compared.of('plain')];
    expect(await compared.of('none')).toEqual([]);
    await compared.dispose();
    await reader.dispose();
    expect(square.map(({ path }) => path)).toEqual(plain.map(({ path }) => path));
    expect(unlikeTheRest(square, 'square')).toMatchObject([{ level: 'note', paths: [['7']] }]);
    expect(unlikeTheRest(plain, 'plain')).toMatchObject([{ level: 'ok' }]);
    // A square of light is many deviations off; of 12 values, none is more than 11 / sqrt(12).
    for (const highest of [...square, ...plain].flatMap(({ oddness }) => oddness))
      expect(highest).toBeLessThan(11 ** 2 / 12 + 0.01);
  });
});

describe('unlikeTheRest', () => {
  const random = new Random(7);
  const good = Array.from({ length: 60 }, (_, index) => ({
    path: `${index}`,
    oddness: [1, 2, 3].map(() => Math.exp(0.1 * random.normal())),
  }));

  it('reports outliers, the strongest first', () => {
    // At its whole, and at a single place.
    const odd = { path: 'odd', oddness: [1, 1, Math.exp(0.6)] };
    const odder = { path: 'odder', oddness: [20, 1, 1] };
    const [finding] = unlikeTheRest([...good, odd, odder], 'part');
    expect(finding?.level).toBe('note');
    expect(finding?.paths).toEqual([['odder'], ['odd']]);
    expect(unlikeTheRest(good, 'part')).toMatchObject([{ level: 'ok' }]);
  });

  it('reports nothing for few images or for copies of one image', () => {
    expect(unlikeTheRest(good.slice(0, 9), 'part')).toEqual([]);
    expect(unlikeTheRest(Array(20).fill(good[0]), 'part')).toMatchObject([{ level: 'ok' }]);
  });
});
