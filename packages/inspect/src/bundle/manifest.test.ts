import { profiles } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../../testing/example-manifest.ts';
import { parseManifest } from './manifest.ts';

const parse = (over: object) => () =>
  parseManifest(JSON.stringify({ ...exampleManifest, ...over }));

describe('parseManifest', () => {
  it('reads what was written', () => {
    expect(parse({})()).toEqual(exampleManifest);
  });

  it('names a newer version when it refuses one, whatever its other contents', () => {
    const tooNew = expect.objectContaining({
      code: 'BUNDLE_TOO_NEW',
      message:
        'Expected a model file with manifest version 1 but received version 2, made by Bigrid 9.0.0',
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
    ['a version that there never was', { manifestVersion: 0 }],
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
    ['no calibration', { calibration: undefined }],
    ['half an image', { training: { ...exampleManifest.training, images: 1.5 } }],
  ])('refuses %s and names the field', (_, over) => {
    expect(parse(over)).toThrow(
      expect.objectContaining({
        code: 'BUNDLE_INVALID',
        message: expect.stringMatching(/^Expected a valid manifest but received .*✖/s),
      }),
    );
  });
});
