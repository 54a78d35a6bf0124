import { Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { type ImageStatistics, statisticNames } from '../image-statistics.ts';
import { driftOf, type LoggedInspection, type MeasureDrift, referenceOf } from './drift.ts';

/** Inspections of one line: every measure normal, `change` laid over the images. */
function inspections(
  seed: number,
  count: number,
  change: (usual: ImageStatistics) => Partial<ImageStatistics> = () => ({}),
): LoggedInspection[] {
  const random = new Random(seed);
  const around = (mean: number, deviation: number) => mean + deviation * random.normal();
  return Array.from({ length: count }, () => {
    const usual = {
      brightness: around(0.5, 0.02),
      contrast: around(0.3, 0.01),
      sharpness: around(0.1, 0.01),
      red: 0.3333,
      blue: around(0.33, 0.001),
    };
    return { score: around(10, 1), statistics: { ...usual, ...change(usual) } };
  });
}

function calibrationOf(seen: readonly LoggedInspection[]) {
  return {
    scores: seen.map(({ score }) => score),
    images: referenceOf(seen.map(({ statistics }) => statistics)),
  };
}

const calibration = calibrationOf(inspections(1, 60));
const moved = (log: readonly LoggedInspection[]) =>
  driftOf(calibration, log)
    .filter((measure) => measure.moved)
    .map(({ name }) => name);

describe('driftOf', () => {
  it('names the measures that moved, and by how many deviations', () => {
    const darker = inspections(2, 40, ({ brightness }) => ({ brightness: brightness - 0.06 }));
    expect(moved(darker)).toEqual(['brightness']);
    const [first] = driftOf(calibration, darker);
    expect(first?.shift).toBeGreaterThan(-4);
    expect(first?.shift).toBeLessThan(-2);
    expect([first?.before.count, first?.now.count]).toEqual([60, 40]);
  });

  it('sorts by how far measures moved', () => {
    const changed = inspections(3, 40, ({ brightness, sharpness }) => ({
      brightness: brightness + 0.05,
      sharpness: sharpness - 0.06,
    }));
    expect(moved(changed)).toEqual(['sharpness', 'brightness']);
  });

  it('detects colour in a grey line, where the deviation was 0', () => {
    const tinted = inspections(4, 20, () => ({ red: 0.35 }));
    expect(moved(tinted)).toEqual(['red']);
    expect(driftOf(calibration, tinted)[0]?.shift).toBeUndefined();
  });

  it('detects a wider spread around the same median', () => {
    const wider = inspections(5, 100, ({ contrast }) => ({ contrast: 0.3 + 6 * (contrast - 0.3) }));
    expect(moved(wider)).toEqual(['contrast']);
    const { before, now } = driftOf(calibration, wider)[0] as MeasureDrift;
    expect(now.high - now.low).toBeGreaterThan(3 * (before.high - before.low));
  });

  it.each([
    ['half of a few are 15 % darker', 12, 60, 0.5, 0.85],
    ['a sixth of many are darker', 100, 200, 1 / 6, 0.85],
    ['a fifth of some are brighter', 40, 120, 0.2, 1.15],
  ])(
    'sees that some moved where the others are as before: %s',
    (_, count, reference, share, times) => {
      let at = 0;
      const some = inspections(6, count, ({ brightness }) => ({
        brightness: brightness * (at++ % Math.round(1 / share) === 0 ? times : 1),
      }));
      const found = driftOf(calibrationOf(inspections(1, reference)), some);
      expect(found.filter((measure) => measure.moved).map(({ name }) => name)).toEqual([
        'brightness',
      ]);
      const { outside, isMixed } = found[0] as MeasureDrift;
      expect(isMixed).toBe(true);
      const [moved, others] =
        times < 1 ? [outside.below, outside.above] : [outside.above, outside.below];
      expect(moved).toBeGreaterThanOrEqual(count * share);
      expect(others).toBeLessThan(count * 0.1);
    },
  );

  it('does not call a move of all inspections mixed', () => {
    const darker = inspections(2, 40, ({ brightness }) => ({ brightness: brightness - 0.15 }));
    expect(driftOf(calibration, darker)[0]).toMatchObject({ moved: true, isMixed: false });
  });

  it('reports drift in at most one of a hundred logs without change', () => {
    const logs = 400;
    let alarms = 0;
    for (let seed = 0; seed < logs; seed++) {
      const before = calibrationOf(inspections(1000 + seed, 40));
      if (driftOf(before, inspections(9000 + seed, 30)).some((measure) => measure.moved)) alarms++;
    }
    expect(alarms / logs).toBeLessThan(0.01 + 3 * Math.sqrt((0.01 * 0.99) / logs));
  });

  it('refuses too few inspections', () => {
    const error = expect.objectContaining({
      code: 'DRIFT_UNSUPPORTED',
      message: expect.stringContaining('at least 10'),
    });
    expect(() => driftOf(calibration, inspections(1, 9))).toThrow(error);
  });
});

describe('referenceOf', () => {
  it('keeps at most 200 values, evenly spaced, ascending', () => {
    const images = inspections(1, 1000).map(({ statistics }) => statistics);
    const reference = referenceOf(images);
    for (const name of statisticNames) {
      expect(reference[name]).toHaveLength(200);
      expect(reference[name]).toEqual(reference[name].toSorted((a, b) => a - b));
    }
    const all = images.map(({ brightness }) => brightness).sort((a, b) => a - b);
    expect(reference.brightness[100]).toBe(all[502]);
    expect(referenceOf(images.slice(0, 3)).contrast).toHaveLength(3);
  });
});
