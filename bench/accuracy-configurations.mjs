// What bench:accuracy compares, by name: trainings with changed options, parts of one, and baselines on the same features.

// All but the default leave the light as it is, as do the baselines.
const trained = (change) => ({ kind: 'trained', change: { light: 'fixed', ...change } });
// The grids of a restoring pair share nothing: each is identical to one trained alone, and need not be trained again.
const part = (change) => ({ kind: 'part', change: { light: 'fixed', ...change } });
const bank = (size, choice) => ({ kind: 'bank', size, choice });

export const BOTH = 'normal and restoring grid';
export const ACCURATE = 'the profile accurate';

// All others are compared without expectation, with the default without it.
const plain = { expectation: 'none' };
const published = { ...plain, grids: 'published', anomalySource: 'fbp', pasteIntensity: [1, 3] };
export const configurations = {
  'Gaussians and restoring grid (the default)': trained({ light: 'free' }),
  'the default, light fixed': trained({}),
  'restoring grid, with expectation': part({
    expectation: 'image',
    grids: 'restoring',
  }),
  'restoring grid, with expectation per location only': part({
    expectation: 'place',
    grids: 'restoring',
  }),
  'restoring grid': part({ ...plain, grids: 'restoring' }),
  'normal grid': part({ ...plain, grids: 'normal' }),
  [BOTH]: trained({ ...plain, grids: 'normal+restoring' }),
  'restoring grid without refinement': part({
    ...plain,
    grids: 'restoring',
    refinement: 'off',
  }),
  'restoring grid with Feature Block Paste': trained({
    ...plain,
    anomalySource: 'fbp',
    pasteIntensity: [1, 3],
  }),
  'restoring grid with Gaussian noise': trained({
    ...plain,
    anomalySource: 'noise',
    pasteIntensity: [1, 3],
  }),
  'both grids as published': trained(published),
  'abnormal grid as published': trained({ ...published, grids: 'published-abnormal' }),
  'both grids as published, Gaussian noise': trained({ ...published, anomalySource: 'noise' }),
  'a network without a grid': trained({ ...plain, grids: 'none' }),
  [ACCURATE]: { kind: 'trained', profile: 'accurate', change: {} },
  'Gaussian per cell': { kind: 'gaussian' },
  'bank of 10,000 random cells': bank(10_000, 'random'),
  'bank of 2,000 cells by coreset': bank(2_000, 'coreset'),
};
