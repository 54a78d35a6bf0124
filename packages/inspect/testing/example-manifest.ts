import { profiles } from '@bigrid/method';
import type { Manifest } from '../src/bundle/manifest.ts';

export const exampleManifest: Manifest = {
  manifestVersion: 1,
  bigridVersion: '0.1.0',
  createdAt: '2025-01-02T03:04:05.000Z',
  classes: ['part'],
  profile: 'fast',
  method: profiles.fast.method,
  schedule: profiles.fast.schedule,
  backbone: {
    name: 'efficientnet-lite0',
    licence: 'Apache-2.0',
    mean: [0, 0, 0],
    deviation: [1, 1, 1],
  },
  calibration: {
    scores: [1, 2, 3],
    mapMaxima: [2, 3, 4],
    origin: 'held-out',
    images: { brightness: [0.5], contrast: [0.2], sharpness: [0.1], red: [0.3], blue: [0.3] },
    rule: 'quantile:0.99',
    threshold: 3,
    pixelThreshold: 4,
  },
  training: {
    seed: 0,
    images: 27,
    heldOut: 3,
    skipped: 0,
    steps: 10,
    dataHash: '00',
    engine: 'some engine',
  },
  learnt: '',
};
