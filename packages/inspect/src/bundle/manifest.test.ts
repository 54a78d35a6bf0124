import { profiles } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../../testing/example-manifest.ts';
import { parseManifest } from './manifest.ts';

const parse = (over: object) => () =>
  parseManifest(JSON.stringify({ ...exampleManifest, ...over }));

/** As it was before thresholds had rules. */
const oldCalibration = { scores: [1, 2, 3], quantile: 0.5, threshold: 2, pixelThreshold: 4 };

describe('parseManifest', () => {
  it('reads what was written', () => {
    expect(parse({})()).toEqual(exampleManifest);
  });

  it('reads one from before learning rates had a choice of decay', () => {
    const { decay: _, ...schedule } = exampleManifest.schedule;
    expect(parse({ schedule })().schedule.decay).toBe('cosine');
  });

  it('reads one from before thresholds had rules', () => {
    const { quantile: _, ...others } = oldCalibration;
    expect(parse({ calibration: oldCalibration })().calibration).toEqual({
      ...others,
      origin: 'held-out',
      rule: 'quantile:0.5',
    });
    const measuredAt = '2025-01-02T03:04:05.000Z';
    const given = parse({ calibration: { ...oldCalibration, measuredAt } })();
    expect(given.calibration.origin).toBe('given');
  });

  it('reads one that kept a scale of heat maps, and passes over it', () => {
    const { calibration } = exampleManifest;
    const mapScale = { lowest: 1, highest: 2 };
    expect(parse({ calibration: { ...calibration, mapScale } })().calibration).toEqual(calibration);
  });

  it('refuses a newer version by name, whatever else is in it', () => {
    const tooNew = expect.objectContaining({
      code: 'BUNDLE_TOO_NEW',
      message:
        'Expected a bundle with manifest version 1 or older but received version 2, made by Bigrid 9.0.0',
    });
    expect(parse({ manifestVersion: 2, bigridVersion: '9.0.0', more: true })).toThrow(tooNew);
    expect(() => parseManifest('{"manifestVersion":2,"bigridVersion":"9.0.0"}')).toThrow(tooNew);
  });

  it.each([
    ['no manifest', undefined],
    ['an empty one', ''],
    ['no JSON', '{"manifestVersion":1'],
    ['null', 'null'],
    ['a number', '5'],
    ['a list', '[]'],
    ['an empty object', '{}'],
  ])('refuses %s', (_, text) => {
    expect(() => parseManifest(text)).toThrow(expect.objectContaining({ code: 'BUNDLE_INVALID' }));
  });

  it.each<[string, object]>([
    ['no version', { manifestVersion: undefined }],
    ['an older version than there ever was', { manifestVersion: 0 }],
    ['a version that is text', { manifestVersion: '2' }],
    ['an unknown key', { colour: 'red' }],
    ['an unknown key deeper down', { backbone: { ...exampleManifest.backbone, url: '' } }],
    ['no classes', { classes: [] }],
    ['an unknown profile', { profile: 'slow' }],
    ['a method out of range', { method: { ...profiles.fast.method, depth: 17 } }],
    ['a method without grids', { method: { ...profiles.fast.method, grids: undefined } }],
    ['a day that there is not', { createdAt: 'yesterday' }],
    ['no scores', { calibration: { ...exampleManifest.calibration, scores: [] } }],
    [
      'a threshold that is null',
      { calibration: { ...exampleManifest.calibration, threshold: null } },
    ],
    ['an unknown rule', { calibration: { ...exampleManifest.calibration, rule: 'quantile:1.1' } }],
    ['no rule', { calibration: { ...exampleManifest.calibration, rule: undefined } }],
    ['an old quantile above one', { calibration: { ...oldCalibration, quantile: 1.1 } }],
    ['no calibration', { calibration: undefined }],
    ['half an image', { training: { ...exampleManifest.training, images: 1.5 } }],
  ])('refuses %s and says where', (_, over) => {
    expect(parse(over)).toThrow(
      expect.objectContaining({
        code: 'BUNDLE_INVALID',
        message: expect.stringMatching(/^Expected a valid manifest but received .*✖/s),
      }),
    );
  });
});
