import { describe, expect, it } from 'vitest';
import {
  calibrate,
  checkBundle,
  checkData,
  checkMachine,
  drift,
  evaluate,
  exportBundle,
  inspect,
  listImages,
  onnxRuntimeEngine,
  openDataset,
  openDetector,
  openTestFolder,
  openTrainingFolder,
  readBundle,
  train,
  update,
} from './index.ts';
import { drawContactSheet, FolderWatch, Webhook, withMask } from './internal.ts';

type Given = Readonly<Record<string, unknown>>;

/** Calls a function as a program in JavaScript does, whatever the types say. */
const call = async (callee: unknown, ...given: unknown[]) =>
  (callee as (...given: unknown[]) => unknown)(...given);
const inspectAll = async (...given: unknown[]) =>
  (await (call(inspect, ...given) as Promise<AsyncGenerator>)).next();

const manifest = {};
/** Whatever takes options, on arguments that hold nothing to work on. */
const functions: Readonly<Record<string, (options: unknown) => Promise<unknown>>> = {
  train: (options) => call(train, 'none', options),
  calibrate: (options) => call(calibrate, 'none', options),
  update: (options) => call(update, 'none', 'none', options),
  inspect: (options) => inspectAll('none', [], options),
  openDetector: (options) => call(openDetector, 'none', options),
  evaluate: (options) => call(evaluate, 'none', 'none', options),
  exportBundle: (options) => call(exportBundle, 'none', options),
  drift: (options) => call(drift, { manifest }, 'none', options),
  checkData: (options) => call(checkData, 'none', options),
  checkBundle: (options) => call(checkBundle, 'none', options),
  checkMachine: (options) => call(checkMachine, options),
  onnxRuntimeEngine: (options) => call(onnxRuntimeEngine, options),
  openDataset: (options) => call(openDataset, 'none', options),
  openTrainingFolder: (options) => call(openTrainingFolder, 'none', options),
  openTestFolder: (options) => call(openTestFolder, 'none', options),
  drawContactSheet: (options) => call(drawContactSheet, { classes: [] }, options),
  FolderWatch: (options) => call(FolderWatch.open, 'none', options),
  Webhook: (options) => call(Webhook.start, 'none', 'http://localhost', options),
};

const { signal } = new AbortController();
const required: Given = {
  FolderWatch: { signal },
};
const with_ = (name: string, options: Given) => ({ ...(required[name] as Given), ...options });

const invalid = (message: string | RegExp) =>
  expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringMatching(message) });

/** Values that no option of that name takes. */
const wrong: Readonly<Record<string, readonly unknown[]>> = {
  threads: [0, -1, 1.5, '2', Number.NaN, Number.POSITIVE_INFINITY, 1e9, null, [2], {}, 2n],
  device: ['abacus', '', null, 1],
  signal: [true, {}, new AbortController(), null],
  onEvent: ['log', {}, null],
  onImage: [1],
  out: ['', 'a\0b', 7, null, ['a']],
  s3Root: [0, new URL('file:///')],
  threshold: [0.5, null],
  last: [0, 9, '100', 10.5],
  replay: [-1, '8', 2000],
  resume: ['yes', 1],
  checkpointSeconds: [-1, '1', Number.NaN],
  preview: ['a.png', [1], null],
  backboneMean: [[1, 2], 'abc'],
  from: [{}, 7],
  smallestRegion: [-1, '5', Number.NaN],
  weights: ['int4', true],
  allowSuspect: ['no'],
  profile: ['slow'],
  size: [1, 1025, '64'],
  taps: [[], 'a,b', [{}]],
  settle: [-1, '1'],
  leaveOut: ['moved', [1]],
  timeout: [0, '1'],
};

const takes: Readonly<Record<string, readonly string[]>> = {
  train: [
    'threads',
    'device',
    'signal',
    'onEvent',
    'out',
    's3Root',
    'threshold',
    'replay',
    'resume',
    'checkpointSeconds',
    'preview',
    'backboneMean',
    'from',
    'profile',
    'size',
    'taps',
  ],
  calibrate: ['threads', 'device', 'signal', 'onEvent', 'out', 'threshold', 'allowSuspect'],
  update: [
    'threads',
    'device',
    'signal',
    'onEvent',
    'out',
    's3Root',
    'replay',
    'backboneMean',
    'allowSuspect',
  ],
  openDetector: ['threads', 'device', 'threshold', 'smallestRegion'],
  inspect: ['threads', 'device', 'signal', 'onEvent', 'threshold', 'smallestRegion'],
  evaluate: ['threads', 'device', 'signal', 'onEvent', 'onImage', 's3Root'],
  exportBundle: ['threads', 'device', 'signal', 'onEvent', 'out', 'weights', 'allowSuspect'],
  drift: ['last'],
  checkData: ['threads', 'device', 'signal', 'onImage', 's3Root'],
  checkBundle: ['threads', 'device'],
  checkMachine: ['threads', 'device'],
  onnxRuntimeEngine: ['threads', 'device'],
  openDataset: ['s3Root'],
  openTrainingFolder: ['s3Root'],
  openTestFolder: ['s3Root'],
  drawContactSheet: ['signal', 'onImage'],
  FolderWatch: ['signal', 'settle', 'leaveOut'],
  Webhook: ['timeout'],
};

describe.each(Object.entries(functions))('%s', (name, run) => {
  it('refuses each value out of the range of its option, and says which', async () => {
    for (const option of takes[name] as string[]) {
      for (const value of wrong[option] as unknown[]) {
        await expect(
          run(with_(name, { [option]: value })),
          `${option}: ${String(value)}`,
        ).rejects.toThrow(invalid(new RegExp(`^Expected .+ for ${option} but received .+`)));
      }
    }
  });

  it('refuses an option that there is not, and names the one that is most like it', async () => {
    for (const option of takes[name] as string[]) {
      for (const typo of [`${option}s`, `x${option}`, option.toUpperCase()]) {
        await expect(run(with_(name, { [typo]: undefined }))).rejects.toThrow(
          invalid(`Expected an option of .+ \\(did you mean ${option}\\?\\) but received ${typo}$`),
        );
      }
    }
  });

  it('refuses what is no object of options', async () => {
    for (const value of [null, 3, 'threads=2', () => {}]) {
      await expect(run(value)).rejects.toThrow(invalid('^Expected an object of options for '));
    }
  });
});

describe('arguments', () => {
  const bundle = { bytes: new Uint8Array(), manifest };

  it.each<[string, unknown]>([
    ['a path where a list belongs', 'parts'],
    ['nothing', undefined],
    ['null', null],
    ['one image', { path: 'a.png', read: async () => undefined }],
    ['what cannot be read in a list', [{ path: 'a.png' }]],
    ['an iterator of paths', ['a.png'].values()],
    ['an empty path', ['']],
    ['a path with a NUL', ['a\0.png']],
  ])('that are no paths to inspect are refused: %s', async (_, paths) => {
    await expect(inspectAll(bundle, paths)).rejects.toThrow(
      invalid(
        '^Expected a list of images or paths, or an async iterable of images for images but received ',
      ),
    );
  });

  it.each([undefined, null, 7, {}, '', ['model.onnx'], { manifest }, { bytes: [1], manifest }])(
    'that are no bundle are refused: %j',
    async (wrong) => {
      const expected = invalid(
        '^Expected the path of a model file, its bytes or a bundle for model but received ',
      );
      await expect(inspectAll(wrong, [])).rejects.toThrow(expected);
      for (const run of [calibrate, exportBundle, openDetector])
        await expect(call(run, wrong)).rejects.toThrow(expected);
      await expect(call(evaluate, wrong, 'none')).rejects.toThrow(expected);
      await expect(call(withMask, wrong, 'none')).rejects.toThrow(expected);
    },
  );

  it.each([undefined, null, 7, {}, '', ['parts'], new URL('file:///parts')])(
    'that are no path are refused: %j',
    async (wrong) => {
      const expected = invalid('^Expected a path for .+ but received ');
      const runs = [readBundle, checkData, checkBundle, openDataset, openTrainingFolder];
      for (const run of [...runs, openTestFolder, listImages]) {
        await expect(call(run, wrong)).rejects.toThrow(expected);
      }
      await expect(call(evaluate, bundle, wrong)).rejects.toThrow(expected);
      await expect(call(update, wrong, 'none')).rejects.toThrow(expected);
      await expect(call(update, 'none', wrong)).rejects.toThrow(expected);
      await expect(call(drift, bundle, wrong)).rejects.toThrow(expected);
      await expect(call(FolderWatch.open, wrong, { signal })).rejects.toThrow(expected);
      await expect(call(Webhook.start, wrong, 'http://localhost')).rejects.toThrow(expected);
    },
  );

  it.each([
    undefined,
    null,
    7,
    {},
    '',
    [],
    [7],
    { part: [] },
    { part: 'parts' },
    { '': ['a.png'] },
  ])('that are no images to learn are refused: %j', async (wrong) => {
    await expect(call(train, wrong)).rejects.toThrow(
      invalid(
        '^Expected a path, a list of images, or such lists by the names of classes for images ',
      ),
    );
  });

  it('that hold no manifest are refused', async () => {
    for (const wrong of [undefined, null, 'model.onnx', {}]) {
      await expect(call(drift, wrong, 'log')).rejects.toThrow(invalid('^Expected the manifest of'));
    }
  });
});
