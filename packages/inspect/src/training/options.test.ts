import { methodOptionsSchema, profileNames, profiles } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { resolveTrainOptions, type TrainOptions, trainOptionsSchema } from './options.ts';

describe('resolveTrainOptions', () => {
  it.each(profileNames)('gives profile %s where nothing is chosen', (profile) => {
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
    [{ depth: undefined } as TrainOptions, {}],
  ])('lays %j over it, and nothing else', (chosen, changed) => {
    const { method, schedule } = resolveTrainOptions(chosen);
    expect(method).toEqual({ ...profiles.fast.method, ...changed });
    expect(methodOptionsSchema.parse(method)).toEqual(method);
    expect(schedule).toEqual(profiles.fast.schedule);
  });

  it('puts epochs into the schedule and keeps the seed', () => {
    const { schedule, seed } = resolveTrainOptions({ epochs: 3, seed: 2 ** 31 - 1 });
    expect(schedule).toEqual({ ...profiles.fast.schedule, epochs: 3 });
    expect(seed).toBe(2 ** 31 - 1);
  });

  it.each<[string, object]>([
    ['a tile of no size', { tile: 0 }],
    ['a tile in words', { tile: 'small' }],
    ['a profile that there is not', { profile: 'slow' }],
    ['an option that there is not', { learningRate: 1 }],
    ['a size that is no multiple of 32', { size: 100 }],
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

  it('says of each option what it is for', () => {
    for (const [name, option] of Object.entries(trainOptionsSchema.shape)) {
      const { description } = 'unwrap' in option ? option.unwrap() : option;
      expect(option.description ?? description, name).toMatch(/\w{3}/);
    }
  });
});
