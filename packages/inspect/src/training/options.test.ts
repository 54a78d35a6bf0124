import { createHash } from 'node:crypto';
import { toModel } from '@bigrid/graph';
import {
  errorMeter,
  initialValue,
  type MethodOptions,
  methodOptionsSchema,
  type ParameterValues,
  profileNames,
  profiles,
  Random,
  type Schedule,
  stagesOf,
  trainingStep,
} from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { resolveTrainOptions, trainOptionsSchema } from './options.ts';
import type { TrainOptions } from './train-options.ts';

/** A digest of everything that a training and its model compute: their graphs and the noise they use. */
function computedBy({ method, schedule }: { method: MethodOptions; schedule: Schedule }): string {
  const statistics = { mean: new Float32Array(4), deviation: new Float32Array(4).fill(1) };
  const taps = { tapChannels: [2, 2], tapCells: [method.cells, method.cells] };
  const values: ParameterValues = new Map();
  const hash = createHash('sha256');
  for (const stage of stagesOf(method)) {
    const step = trainingStep({ stage, method, schedule, statistics, taps, frozen: values });
    const model = Buffer.from(toModel(step.graph));
    hash.update(model);
    // Besides its declaration, where it is used.
    if (model.toString('latin1').split('jitter').length > 2) hash.update(`${method.jitter}`);
    for (const parameter of step.parameters) {
      values.set(parameter.name, initialValue(parameter, new Random(0)));
    }
  }
  return hash.update(toModel(errorMeter(method, statistics, taps, values))).digest('hex');
}

describe('resolveTrainOptions', () => {
  it.each(profileNames)('gives profile %s by default', (profile) => {
    const { method, schedule } = profiles[profile];
    const others = { seed: 0, replay: 192 };
    expect(resolveTrainOptions({ profile })).toEqual({ profile, ...others, method, schedule });
  });

  it('starts from the fast profile', () => {
    expect(resolveTrainOptions({}).profile).toBe('fast');
  });

  it.each<[TrainOptions, object]>([
    [{ grids: 'normal' }, { grids: 'normal' }],
    [
      { anomalySource: 'noise', refinement: 'off' },
      { anomalySource: 'noise', refinement: 'off' },
    ],
    [
      { localResolution: 64, globalResolution: 8 },
      { localResolution: 64, globalResolution: 8 },
    ],
    [
      { branch: 'basic', depth: 0, jitter: 0 },
      { branch: 'basic', depth: 0, jitter: 0 },
    ],
    [{ size: 64 }, { inputSize: 64, cells: 8 }],
    [{ size: 1024 }, { inputSize: 1024, cells: 128 }],
    [
      { profile: 'accurate', size: 224 },
      { inputSize: 224, cells: 16 },
    ],
    [
      { profile: 'accurate', size: 70 },
      { inputSize: 70, cells: 8 },
    ],
    [{ depth: undefined } as TrainOptions, {}],
  ])('applies %j to it, and nothing else', (chosen, changed) => {
    const { method, schedule } = resolveTrainOptions(chosen);
    const { profile = 'fast' } = chosen;
    expect(method).toEqual({ ...profiles[profile].method, ...changed });
    expect(methodOptionsSchema.parse(method)).toEqual(method);
    expect(schedule).toEqual(profiles.fast.schedule);
  });

  it('puts epochs into the schedule and keeps the seed', () => {
    const { schedule, seed } = resolveTrainOptions({ epochs: 3, seed: 2 ** 31 - 1 });
    expect(schedule).toEqual({ ...profiles.fast.schedule, epochs: 3 });
    expect(seed).toBe(2 ** 31 - 1);
  });

  it.each<[string, object]>([
    ['a tile of size 0', { tile: 0 }],
    ['a tile in words', { tile: 'small' }],
    ['an unknown profile', { profile: 'slow' }],
    ['an unknown option', { learningRate: 1 }],
    ['a size of half pixels', { size: 100.5 }],
    ['a size beyond the range', { size: 2048 }],
    ['no epochs', { epochs: 0 }],
    ['a negative seed', { seed: -1 }],
    ['a seed of more than 31 bits', { seed: 2 ** 31 }],
    ['text for a number', { depth: '2' }],
  ])('refuses %s and names it', (_, options) => {
    expect(() => resolveTrainOptions(options as TrainOptions)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringContaining(Object.keys(options)[0] as string),
      }),
    );
  });

  describe('an option without effect', () => {
    // A value of each that differs from the profile's.
    const changes: TrainOptions = {
      anomalySource: 'noise',
      refinement: 'off',
      localResolution: 8,
      globalResolution: 2,
      branch: 'basic',
      depth: 1,
      jitter: 0.5,
    };
    const grids = methodOptionsSchema.shape.grids.options;
    const cases = grids.flatMap((chosen) =>
      Object.entries(changes).map(([name, value]) => [chosen, name, value] as const),
    );

    it.each(cases)('with grids %s, %s is refused or has an effect', (chosen, name, value) => {
      const small = { grids: chosen, size: 64 };
      const before = computedBy(resolveTrainOptions(small));
      const change = () => resolveTrainOptions({ ...small, [name]: value } as TrainOptions);
      // What the schema accepts, without the check of combinations.
      const { method, schedule } = resolveTrainOptions(small);
      const changed = { schedule, method: { ...method, [name]: value } as MethodOptions };
      if (computedBy(changed) === before) {
        expect(change).toThrow(
          expect.objectContaining({
            code: 'OPTION_INVALID',
            message: expect.stringContaining(`with ${name}, which has no effect`),
          }),
        );
      } else expect(computedBy(change())).not.toBe(before);
    });

    it('is refused even at the value of the profile', () => {
      expect(() => resolveTrainOptions({ grids: 'none', jitter: 0.05 })).toThrow('jitter');
      expect(() => resolveTrainOptions({ tile: 'auto', expectation: 'image' })).toThrow(
        'Expected no expectation, or none, with tile',
      );
      expect(resolveTrainOptions({ tile: 64, expectation: 'none' }).tile).toBe(64);
    });
  });

  it('describes each option', () => {
    for (const [name, option] of Object.entries(trainOptionsSchema.shape)) {
      const { description } = 'unwrap' in option ? option.unwrap() : option;
      expect(option.description ?? description, name).toMatch(/\w{3}/);
    }
  });
});
