import {
  bytesOf,
  float16ToFloat32,
  float32ToFloat16,
  type Tensor,
  tensor,
  toModel,
} from '@bigrid/graph';
import { EXPECTED, errorMeter, type ParameterValues, Random } from '@bigrid/method';
import { beforeAll, describe, expect, it } from 'vitest';
import { engine, entry, goodEntries, picture, tinyTraining } from '../../testing/fakes.ts';
import { type Bundle, trainedValues } from '../bundle/bundle.ts';
import { Detector } from '../detection/detector.ts';
import { train } from '../train.ts';
import { learnExpectation } from './expectation.ts';
import type { ExtractedFeatures } from './feature-extraction.ts';
import { kindsOfClasses, kindsOfUpdate } from './kinds.ts';

const method = { ...tinyTraining().method, expectation: 'place' as const };
const { cells } = method;
const area = cells * cells;
const channels = 10;
const shape = [channels, cells, cells];

let bundle: Bundle;
beforeAll(async () => {
  bundle = await train(tinyTraining({ method }));
});

/** Features of as many pictures, in half precision; those of a kind have a mean of their own. */
function featuresOf(kinds: readonly number[]): ExtractedFeatures & { blocks16: Uint16Array[] } {
  const random = new Random(3);
  const blocks16 = kinds.map((kind) =>
    float32ToFloat16(random.array(channels * area, () => 3 * kind + random.normal())),
  );
  const pictureMeans = blocks16.map((block) => {
    const values = float16ToFloat32(block);
    return Float32Array.from({ length: channels }, (_, c) =>
      values.subarray(c * area, (c + 1) * area).reduce((sum, value) => sum + value / area, 0),
    );
  });
  return {
    blocks16,
    pictureMeans,
    shape,
    tapChannels: [4, 6],
    tapCells: [8, 8],
    count: kinds.length,
    blocks: kinds.length,
    dataHash: '',
    statistics: trainedValues(bundle).statistics,
    scratch: {
      append: async () => {},
      read: async (index, target) =>
        target.set(bytesOf(tensor('float16', shape, blocks16[index] as Uint16Array))),
      dispose: async () => {},
    },
  };
}

const known = () => new Map(trainedValues(bundle).parameters);
const learn = async (
  values: ParameterValues,
  features: ExtractedFeatures,
  classes?: readonly string[],
) => {
  const kinds = classes
    ? kindsOfClasses(features, classes)
    : kindsOfUpdate(values, features, () => false);
  await learnExpectation(values, {
    engine,
    method,
    features,
    kinds,
    onEvent: () => {},
    signal: undefined,
  });
  return (name: keyof typeof EXPECTED) => values.get(EXPECTED[name]) as Tensor<'float32'>;
};

describe('learnExpectation', () => {
  it('averages the errors of each class over its pictures and the cells around', async () => {
    const kinds = [0, 1, 0, 1, 0];
    const features = featuresOf(kinds);
    const values = known();
    const learnt = await learn(
      values,
      features,
      kinds.map((kind) => `class ${kind}`),
    );
    expect(learnt('prototypes').shape).toEqual([2, channels]);
    expect(learnt('energy').shape).toEqual([2, area]);

    const meter = errorMeter(method, features.statistics, features, values);
    const session = await engine.load(toModel(meter));
    const measured = [];
    for (const block of features.blocks16) {
      const { forMap, forScore } = await session.run({
        features: tensor('float16', [1, ...shape], block),
      });
      measured.push([forMap, forScore].map((own) => [...(own as Tensor<'float32'>).data]));
    }
    await session.dispose();
    const mean = (numbers: readonly number[]) =>
      numbers.reduce((a, b) => a + b, 0) / numbers.length;
    const around = (cell: number) => {
      const [row, column] = [Math.floor(cell / cells), cell % cells];
      return Array.from({ length: area }, (_, other) => other).filter(
        (other) =>
          Math.abs(Math.floor(other / cells) - row) <= 2 && Math.abs((other % cells) - column) <= 2,
      );
    };
    for (const kind of [0, 1]) {
      const own = measured.filter((_, index) => kinds[index] === kind);
      const of = (which: 0 | 1, cell: number) =>
        own.map((errors) => (errors[which] as number[])[cell] as number);
      const at = (name: 'energy' | 'mean', cell: number) =>
        learnt(name).data[kind * area + cell] as number;
      for (const cell of [0, 5, area - 1, 3 * cells + 4]) {
        const energy = mean(around(cell).map((other) => mean(of(0, other).map((e) => e ** 2))));
        expect(at('energy', cell)).toBeCloseTo(energy, 4);
        const average = mean(around(cell).map((other) => mean(of(1, other))));
        expect(at('mean', cell)).toBeCloseTo(average, 4);
      }
      const deviations = Array.from({ length: area }, (_, cell) =>
        Math.sqrt(
          mean(
            around(cell).map((other) => {
              const all = of(1, other);
              return mean(all.map((e) => e ** 2)) - mean(all) ** 2;
            }),
          ),
        ),
      );
      const found = learnt('deviation').data.subarray(kind * area, (kind + 1) * area);
      for (const cell of [0, 9, area - 1]) {
        const wanted = (deviations[cell] as number) + mean(deviations);
        expect(found[cell]).toBeCloseTo(wanted, 4);
      }
    }
  });

  it('goes by the kinds that there are where pictures have no class, and keeps those without pictures', async () => {
    const kinds = [0, 1, 0, 1];
    const values = known();
    await learn(
      values,
      featuresOf(kinds),
      kinds.map((kind) => `class ${kind}`),
    );
    const before = new Map(values);
    const learnt = await learn(values, featuresOf([1, 1, 1]));
    expect(learnt('prototypes')).toEqual(before.get(EXPECTED.prototypes));
    const rows = (of: ParameterValues) => {
      const { data } = of.get(EXPECTED.energy) as Tensor<'float32'>;
      return [[...data.subarray(0, area)], [...data.subarray(area)]];
    };
    expect(rows(values)[0]).toEqual(rows(before)[0]);
    expect(rows(values)[1]).not.toEqual(rows(before)[1]);
  });

  it('goes on from a bundle of one kind, which has no prototype', async () => {
    const values = known();
    expect(values.has(EXPECTED.prototypes)).toBe(false);
    const learnt = await learn(values, featuresOf([0, 0, 1]));
    expect(learnt('energy').shape).toEqual([1, area]);
    expect(learnt('energy')).not.toEqual(known().get(EXPECTED.energy));
  });

  it('draws from a class of many pictures, and not from one end of them', async () => {
    const many = Array.from({ length: 450 }, () => 0);
    const features = featuresOf(many);
    const read: number[] = [];
    const scratch = {
      ...features.scratch,
      read: (index: number, target: Uint8Array) => {
        read.push(index);
        return features.scratch.read(index, target);
      },
    };
    await learn(
      known(),
      { ...features, scratch },
      many.map(() => 'part'),
    );
    expect(read.length).toBe(200);
    expect(new Set(read).size).toBe(200);
    expect(read.at(-1)).toBeGreaterThan(445);
  });
});

describe('a bundle with expectation', () => {
  it('has one kind a class, and tells defects from good pictures', async () => {
    const other = Array.from({ length: 12 }, (_, i) =>
      entry(`other/${i}`, () => {
        const { data, ...size } = picture(i);
        return { ...size, data: data.map((value) => 255 - value) };
      }),
    );
    const classes = [
      { name: 'part', entries: goodEntries(12) },
      { name: 'other', entries: other },
    ];
    const both = await train(tinyTraining({ method, classes }));
    const { parameters } = trainedValues(both);
    expect(parameters.get(EXPECTED.energy)?.shape).toEqual([2, area]);
    const detector = await Detector.load(engine, both);
    const score = async (seed: number, defect: boolean) =>
      (await detector.inspect(picture(seed, { defect }))).score;
    expect(await score(100, true)).toBeGreaterThan(await score(100, false));
    await detector.dispose();
  });
});
