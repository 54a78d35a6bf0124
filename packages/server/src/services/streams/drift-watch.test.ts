import { expect, test } from 'vitest';
import type { DetailedVersion, Inspected } from '../model-version.ts';
import { type DriftChange, DriftWatch } from './drift-watch.ts';

const spread = (count: number) => Array.from({ length: count }, (_, at) => (at + 0.5) / count);
const names = ['brightness', 'contrast', 'sharpness', 'red', 'blue'];
const calibration = {
  scores: spread(200),
  images: Object.fromEntries(names.map((name) => [name, spread(200)])),
};

function createWatch() {
  const watch = new DriftWatch({
    detailed: async (model) => {
      if (model === 'deleted') throw new Error('no such model');
      return { manifest: { calibration } } as unknown as DetailedVersion;
    },
  });
  let hour = 0;
  /** A hundred inspections, which is one comparison, an hour after those before. @returns the change that they lead to */
  const compare = async (by: number, { model = 'part', file = 'a' } = {}) => {
    const at = new Date(Date.UTC(2026, 10, 27, hour++)).toISOString();
    const changes: (DriftChange | undefined)[] = [];
    for (const value of spread(100)) {
      const statistics = {
        ...Object.fromEntries(names.map((name) => [name, value])),
        brightness: value + by,
      };
      const seen = { version: { model, version: 1, file }, result: { score: value, statistics } };
      changes.push(await watch.add(at, seen as unknown as Inspected));
    }
    expect(changes.slice(0, -1).every((change) => change === undefined)).toBe(true);
    return changes.at(-1);
  };
  return { watch, compare };
}

test('drift is reported once when it lasts, and once when it is over', async () => {
  const { compare } = createWatch();
  const changes = [];
  for (const by of [0, 2, 0, 2, 2, 2, 2, 0, 2, 0, 0, 0]) changes.push(await compare(by));
  const [begins, ends] = [4, 10];
  expect(changes[begins]).toMatchObject({
    drifted: true,
    measures: [{ name: 'brightness', moved: true }],
  });
  expect(changes[ends]).toEqual({ drifted: false, measures: [] });
  expect(changes.filter((change) => change !== undefined)).toHaveLength(2);
});

test('the state says since when, from the first comparison on', async () => {
  const { watch, compare } = createWatch();
  expect(watch.state).toBeUndefined();
  const seen = [];
  for (const by of [0, 2, 2, 2, 0, 0]) {
    await compare(by);
    seen.push(`${watch.state?.drifted} ${watch.state?.since.slice(11, 16)}`);
  }
  const [steady, drifting, over] = ['false 00:00', 'true 02:00', 'false 05:00'];
  expect(seen).toEqual([steady, steady, drifting, drifting, drifting, over]);
  expect(watch.state?.measures).toEqual([]);
});

test('another version is compared from its first image on, and one that was deleted is not compared', async () => {
  const { compare } = createWatch();
  expect(await compare(2)).toBeUndefined();
  expect(await compare(2, { file: 'b' })).toBeUndefined();
  expect(await compare(2, { file: 'b' })).toMatchObject({ drifted: true });
  expect(await compare(0, { file: 'c', model: 'deleted' })).toBeUndefined();
});
