import { describe, expect, it } from 'vitest';
import { tinyMethod, tinySchedule } from '../testing/tiny.ts';
import { methodOptionsSchema, profileNames, profiles, scheduleSchema } from './options.ts';

describe.each(profileNames)('profile %s', (name) => {
  it('passes its own schema, unchanged', () => {
    expect(methodOptionsSchema.parse(profiles[name].method)).toEqual(profiles[name].method);
    expect(scheduleSchema.parse(profiles[name].schedule)).toEqual(profiles[name].schedule);
  });
});

/** The ends of each range, and what lies just outside. */
const ranges = {
  backbone: { inside: ['efficientnet-lite0', 'resnet50'], outside: ['', 4] },
  taps: { inside: [[0], [2, 4, 10], ['layer1']], outside: [[], [-1], [1.5], [''], 4] },
  inputSize: { inside: [64, 392, 1024], outside: [32, 1056, 64.5] },
  tiles: {
    inside: [{ rows: 1, columns: 100 }, undefined],
    outside: [{ rows: 0, columns: 2 }, { rows: 2, columns: 101 }, { rows: 2 }, 2],
  },
  cells: { inside: [8, 128], outside: [7, 129, 8.5] },
  pooling: { inside: [1, 3, 5], outside: [0, 2, 7] },
  grids: {
    inside: [
      'gaussian+restoring',
      'restoring',
      'normal',
      'normal+restoring',
      'published',
      'published-abnormal',
      'none',
    ],
    outside: ['both', 'abnormal'],
  },
  light: { inside: ['free', 'fixed', undefined], outside: ['even', null] },
  orientation: { inside: ['auto', 'fixed', 'free', undefined], outside: ['turned', null] },
  gridChannels: { inside: [8, 1024], outside: [7, 1025, 9.5] },
  localResolution: { inside: [2, 128], outside: [1, 129, 2.5] },
  globalResolution: { inside: [1, 16], outside: [0, 17, 1.5] },
  branch: { inside: ['light', 'basic'], outside: ['heavy'] },
  depth: { inside: [0, 16], outside: [-1, 17, 0.5] },
  jitter: { inside: [0, 1], outside: [-0.01, 1.01, Number.NaN] },
  anomalySource: { inside: ['fbp', 'noise'], outside: ['cutpaste'] },
  pasteReach: { inside: [1, 32], outside: [0, 33, 1.5] },
  pasteIntensity: {
    inside: [
      [1, 3],
      [2, 2],
    ],
    outside: [[0, 1], [1], [1, -1], [3, 1]],
  },
  refinement: { inside: ['on', 'off'], outside: [true] },
  expectation: { inside: ['image', 'place', 'none'], outside: ['cell', undefined] },
  smoothing: { inside: [0, 16], outside: [-1, 16.1] },
};

const scheduleRanges = {
  epochs: { inside: [1, 10_000, undefined], outside: [0, 10_001, 1.5] },
  batchSize: { inside: [1, 256], outside: [0, 257, 1.5] },
  tableLearningRate: { inside: [1e-9, 5], outside: [0, -1, Number.POSITIVE_INFINITY] },
  weightLearningRate: { inside: [1e-9, 5], outside: [0, -1] },
  decay: { inside: ['cosine', 'step'], outside: ['linear', undefined] },
  lossWeights: { inside: ['even', 'root'], outside: ['square', undefined] },
  weightDecay: { inside: [0, 1], outside: [-1e-9] },
  clipNorm: { inside: [1e-9, 100], outside: [0, -1] },
};

function accepts(schema: { safeParse(value: unknown): { success: boolean } }, base: object) {
  return (key: string, value: unknown) => schema.safeParse({ ...base, [key]: value }).success;
}

describe.each([
  ['method', ranges, methodOptionsSchema, tinyMethod],
  ['schedule', scheduleRanges, scheduleSchema, tinySchedule],
] as const)('ranges of the %s', (_, known, schema, base) => {
  it('are tried here, every one, and say what they are for', () => {
    // Options that are added later are tried once they are listed above.
    const untried = Object.keys(schema.shape).filter((key) => !(key in known));
    expect(untried).toEqual([]);
    for (const option of Object.values(schema.shape)) expect(option.description).toMatch(/\w{3}/);
  });

  it.each(Object.entries(known))('%s', (key, { inside, outside }) => {
    const accepted = accepts(schema, base);
    for (const value of inside) expect(accepted(key, value), `${key} ${value}`).toBe(true);
    for (const value of outside) expect(accepted(key, value), `${key} ${value}`).toBe(false);
  });

  it('leave no room for unknown options', () => {
    expect(accepts(schema, base)('learningrate', 1)).toBe(false);
  });
});
