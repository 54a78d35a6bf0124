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
import { engine, engines, entry, goodEntries, image, tinyTraining } from '../../testing/fakes.ts';
import { type Bundle, trainedValues } from '../bundle/bundle.ts';
import { Detector } from '../detection/detector.ts';
import { train } from '../train.ts';
import { measureExpectation } from './expectation.ts';
import type { ExtractedFeatures } from './feature-extraction.ts';
import { kindsOfClasses, kindsOfUpdate } from './kinds.ts';

const method = { ...tinyTraining().method, expectation: 'place' as const };
const { cells } = method;
const area = cells * cells;
const taps = 2;
const channels = 10;
const shape = [channels, cells, cells];

let bundle: Bundle;
beforeAll(async () => {
  bundle = await train(tinyTraining({ method }));
});

/** Features of as many images, in half precision; those of a kind have a mean of their own. */
function featuresOf(kinds: readonly number[]): ExtractedFeatures & { blocks16: Uint16Array[] } {
  const random = new Random(3);
  const blocks16 = kinds.map((kind) =>
    float32ToFloat16(random.array(channels * area, () => 3 * kind + random.normal())),
  );
  const imageMeans = blocks16.map((block) => {
    const values = float16ToFloat32(block);
    return Float32Array.from({ length: channels }, (_, c) =>
      values.subarray(c * area, (c + 1) * area).reduce((sum, value) => sum + value / area, 0),
    );
  });
  return {
    blocks16,
    imageMeans,
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
const classesOf = (kinds: readonly number[]) => kinds.map((kind) => `class ${kind}`);
const learn = async (
  values: ParameterValues,
  features: ExtractedFeatures,
  classes?: readonly string[],
  expectation: 'place' | 'image' = 'place',
) => {
  const kinds = classes
    ? kindsOfClasses(features, classes)
    : kindsOfUpdate(values, features, () => false);
  const plan = {
    ...engines,
    method: { ...method, expectation },
    onEvent: () => {},
    signal: undefined,
  };
  const learnt = await measureExpectation({ plan, features, kinds, values });
  const learntValue = (name: keyof typeof EXPECTED) =>
    learnt.values.get(EXPECTED[name]) as Tensor<'float32'>;
  return Object.assign(learntValue, { values: learnt.values });
};

async function knownOfTwoKinds(): Promise<ParameterValues> {
  const kinds = [0, 1, 0, 1];
  return (await learn(known(), featuresOf(kinds), classesOf(kinds))).values;
}

describe('measureExpectation', () => {
  it('averages the errors of each class over its images and the cells around', async () => {
    const kinds = [0, 1, 0, 1, 0];
    const features = featuresOf(kinds);
    const learnt = await learn(known(), features, classesOf(kinds));
    expect(learnt('prototypes').shape).toEqual([2, channels]);
    expect(learnt('energy').shape).toEqual([2, taps * area]);

    const meter = errorMeter(method, features.statistics, features, learnt.values);
    const session = await engine.load(toModel(meter));
    const measured = [];
    for (const block of features.blocks16) {
      const { energies, forScore } = await session.run({
        features: tensor('float16', [1, ...shape], block),
      });
      measured.push([energies, forScore].map((own) => [...(own as Tensor<'float32'>).data]));
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
      for (const cell of [0, 5, area - 1, 3 * cells + 4]) {
        for (const tap of [0, 1]) {
          const energy = mean(around(cell).map((other) => mean(of(0, tap * area + other))));
          const found = learnt('energy').data[(kind * taps + tap) * area + cell];
          expect(found).toBeCloseTo(energy, 4);
        }
        const average = mean(around(cell).map((other) => mean(of(1, other))));
        expect(learnt('mean').data[kind * area + cell]).toBeCloseTo(average, 4);
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

  it('goes by the kinds that there are where images have no class, and keeps those without images', async () => {
    const before = await knownOfTwoKinds();
    const learnt = await learn(before, featuresOf([1, 1, 1]));
    expect(learnt('prototypes')).toEqual(before.get(EXPECTED.prototypes));
    const rows = (of: ParameterValues) => {
      const { data } = of.get(EXPECTED.energy) as Tensor<'float32'>;
      return [[...data.subarray(0, taps * area)], [...data.subarray(taps * area)]];
    };
    expect(rows(learnt.values)[0]).toEqual(rows(before)[0]);
    expect(rows(learnt.values)[1]).not.toEqual(rows(before)[1]);
  });

  it('continues from a bundle with one kind, which has no prototype', async () => {
    const values = known();
    expect(values.has(EXPECTED.prototypes)).toBe(false);
    const learnt = await learn(values, featuresOf([0, 0, 1]));
    expect(learnt('energy').shape).toEqual([1, taps * area]);
    expect(learnt('energy')).not.toEqual(known().get(EXPECTED.energy));
  });

  it('samples evenly from a large class', async () => {
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

describe('measureExpectation of images as a whole', () => {
  const width = channels * area;
  const mean = (numbers: Float32Array) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  /** Images that differ in the amount of one pattern, plus some noise. */
  function varying(count: number): ExtractedFeatures {
    const random = new Random(9);
    const pattern = random.array(width, () => random.normal());
    const blocks16 = Array.from({ length: count }, () => {
      const share = 4 * random.normal();
      return float32ToFloat16(pattern.map((value) => share * value + 0.2 * random.normal()));
    });
    const features = featuresOf(blocks16.map(() => 0));
    const read = async (index: number, target: Uint8Array) =>
      target.set(bytesOf(tensor('float16', shape, blocks16[index] as Uint16Array)));
    return { ...features, scratch: { ...features.scratch, read } };
  }

  it('removes their variation, also from images that were not measured', async () => {
    const features = varying(24);
    const classes = Array(24).fill('part');
    const places = await learn(known(), features, classes, 'place');
    const images = await learn(known(), features, classes, 'image');
    expect(images('components').shape).toEqual([1, 6, width]);
    const share = mean(images('energy').data) / mean(places('energy').data);
    expect(share).toBeLessThan(0.5);
    expect(share).toBeGreaterThan(0.001);
    // Continuing without variation leaves no components.
    const again = await learn(images.values, features, classes, 'place');
    expect(again.values.has(EXPECTED.components)).toBe(false);
  });

  it('expects of noise what noise has, not what is left of it after the fact', async () => {
    const features = featuresOf(Array(40).fill(0));
    const classes = Array(40).fill('part');
    const places = await learn(known(), features, classes, 'place');
    const images = await learn(known(), features, classes, 'image');
    // Ten components of forty images of noise would take a quarter and more of their own errors.
    expect(mean(images('energy').data) / mean(places('energy').data)).toBeGreaterThan(0.95);
  });

  it('keeps those of a kind without images, and of one that has none that is new', async () => {
    const kinds = Array.from({ length: 32 }, (_, at) => at % 2);
    const learnt = await learn(known(), featuresOf(kinds), classesOf(kinds), 'image');
    const before = learnt('components');
    expect(before.shape).toEqual([2, 4, width]);
    // Images of the second kind alone, and half as many.
    const second = await learn(learnt.values, featuresOf(Array(16).fill(1)), undefined, 'image');
    const after = second('components');
    expect(after.shape).toEqual([2, 4, width]);
    const rowOf = ({ data }: typeof after, row: number) =>
      data.subarray(row * width, (row + 1) * width);
    for (const row of [0, 3]) expect(rowOf(after, row)).toEqual(rowOf(before, row));
    expect(rowOf(after, 4)).not.toEqual(rowOf(before, 4));

    const features = featuresOf([...Array(16).fill(1), ...Array(20).fill(3)]);
    const kindsApart = kindsOfUpdate(second.values, features, (at) => at >= 16);
    expect(kindsApart.isNewKind).toBe(true);
    const plan = { ...engines, method: { ...method, expectation: 'image' as const } };
    const { values } = await measureExpectation({
      plan: { ...plan, onEvent: () => {}, signal: undefined },
      features,
      kinds: kindsApart,
      values: second.values,
    });
    const grown = values.get(EXPECTED.components) as Tensor<'float32'>;
    expect(grown.shape).toEqual([3, 5, width]);
    for (const row of [0, 3]) expect(rowOf(grown, row)).toEqual(rowOf(after, row));
    for (const row of [4, 7]) expect(rowOf(grown, row + 1)).toEqual(rowOf(after, row));
    expect(rowOf(grown, 10).some((value) => value !== 0)).toBe(true);
  });
});

describe('a bundle with expectation', () => {
  it('has one kind per class, and separates defects from good images', async () => {
    const other = Array.from({ length: 24 }, (_, i) =>
      entry(`other/${i}`, () => {
        const { data, ...size } = image(i);
        return { ...size, data: data.map((value) => 255 - value) };
      }),
    );
    const classes = [
      { name: 'part', entries: goodEntries(24) },
      { name: 'other', entries: other },
    ];
    const both = await train(
      tinyTraining({ method: { ...method, expectation: 'image' }, classes }),
    );
    const { parameters } = trainedValues(both);
    expect(parameters.get(EXPECTED.energy)?.shape).toEqual([2, taps * area]);
    expect(parameters.get(EXPECTED.components)?.shape).toEqual([2, 4, channels * area]);
    const detector = await Detector.load(engine, both);
    const score = async (seed: number, defect: boolean) =>
      (await detector.inspect(image(seed, { defect }))).score;
    expect(await score(100, true)).toBeGreaterThan(await score(100, false));
    await detector.dispose();
  });
});
