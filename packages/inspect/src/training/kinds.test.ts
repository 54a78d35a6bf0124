import { float32 } from '@bigrid/graph';
import { EXPECTED, type ParameterValues, Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import type { ExtractedFeatures } from './feature-extraction.ts';
import { kindsOfClasses, kindsOfUpdate } from './kinds.ts';

const channels = 60;
const statistics = {
  mean: new Float32Array(channels).fill(5),
  deviation: new Float32Array(channels).fill(2),
};

/** Features of as many images, whose means lie about the one given, in deviations of a channel. */
function around(...centres: readonly number[]): ExtractedFeatures {
  const random = new Random(2);
  const imageMeans = centres.map((centre) =>
    random.array(channels, () => 5 + 2 * (centre + 0.5 * random.normal())),
  );
  return { imageMeans, statistics } as unknown as ExtractedFeatures;
}

const times = (count: number, centre: number) => Array.from({ length: count }, () => centre);
const oneKind = (): ParameterValues => new Map();
const twoKinds = (): ParameterValues =>
  new Map([
    [EXPECTED.prototypes, float32([2, channels], [...times(channels, 0), ...times(channels, 3)])],
  ]);

describe('kindsOfClasses', () => {
  it('has the mean of each class, in the order in which classes come', () => {
    const { prototypes, of } = kindsOfClasses(around(0, 2, 0, 2), ['screw', 'nut', 'screw', 'nut']);
    expect(of).toEqual([0, 1, 0, 1]);
    expect(prototypes.length).toBe(2);
    for (const [kind, centre] of [0, 2].entries()) {
      const own = prototypes[kind] as Float32Array;
      expect(own.reduce((sum, value) => sum + value, 0) / channels).toBeCloseTo(centre, 0);
    }
  });
});

describe('kindsOfUpdate', () => {
  const isNew = (image: number) => image < 10;

  it('makes new images that differ a kind of their own', () => {
    const features = around(...times(10, 1.5), ...times(30, 0));
    const { prototypes, of } = kindsOfUpdate(oneKind(), features, isNew);
    expect(prototypes.length).toBe(2);
    expect(of).toEqual([...times(10, 1), ...times(30, 0)]);
    expect(prototypes[0]?.[0]).not.toBe(prototypes[1]?.[0]);
  });

  it('makes no kind of new images that look like earlier ones', () => {
    const features = around(...times(40, 0));
    const { prototypes, of } = kindsOfUpdate(oneKind(), features, isNew);
    expect(prototypes.length).toBe(1);
    expect(of).toEqual(times(40, 0));
  });

  it('makes no kind of too few images', () => {
    const features = around(...times(7, 1.5), ...times(30, 0));
    const { prototypes } = kindsOfUpdate(oneKind(), features, (image) => image < 7);
    expect(prototypes.length).toBe(1);
  });

  it('makes no kind if no earlier images are left', () => {
    const { prototypes, of } = kindsOfUpdate(oneKind(), around(...times(10, 1.5)), () => true);
    expect([prototypes.length, of]).toEqual([1, times(10, 0)]);
  });

  it('makes no kind if some earlier images are as different', () => {
    const features = around(...times(10, 1.5), ...times(20, 0), ...times(10, 1.5));
    expect(kindsOfUpdate(oneKind(), features, isNew).prototypes.length).toBe(1);
  });

  it('keeps existing kinds, and assigns each image to the nearest', () => {
    const values = twoKinds();
    const features = around(...times(10, 3), ...times(10, 0), ...times(10, 3));
    const { prototypes, of } = kindsOfUpdate(values, features, isNew);
    expect(prototypes.length).toBe(2);
    expect(of).toEqual([...times(10, 1), ...times(10, 0), ...times(10, 1)]);
    const apart = around(...times(10, 6), ...times(10, 0), ...times(10, 3));
    expect(kindsOfUpdate(values, apart, isNew)).toMatchObject({
      prototypes: [times(channels, 0), times(channels, 3), { length: channels }].map((row) =>
        Array.isArray(row) ? Float32Array.from(row) : row,
      ),
      of: [...times(10, 2), ...times(10, 0), ...times(10, 1)],
    });
  });
});
