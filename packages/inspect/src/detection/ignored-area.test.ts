import { Graph, toModel } from '@bigrid/graph';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyMethod } from '../../../method/testing/tiny.ts';
import { engine, entry, goodEntries, image, labelled, tinyTraining } from '../../testing/fakes.ts';
import { type Bundle, openBundle, trainedValues, withManifest } from '../bundle/bundle.ts';
import { scoreImages } from '../calibration/scoring.ts';
import { evaluate } from '../evaluate.ts';
import type { ImageEntry, Mask } from '../ports.ts';
import { recalibrate } from '../recalibrate.ts';
import { type TrainInput, train } from '../train.ts';
import type { TrainingClass } from '../training/hold-out.ts';
import { Detector, type Inspection } from './detector.ts';
import { cellWeights, ignoredShare, ignoring, learntCells } from './ignored-area.ts';

/** White in its left half, or as many quarters. */
function leftMask(quarters = 2): Mask {
  const data = Uint8Array.from({ length: 8 * 4 }, (_, i) => (i % 8 < 2 * quarters ? 255 : 0));
  return { width: 8, height: 4, data };
}

let bundle: Bundle;
let masked: Bundle;
beforeAll(async () => {
  bundle = await train(tinyTraining());
  masked = ignoring(bundle, leftMask());
});

async function inspected(model: Bundle, ignored?: Mask): Promise<Inspection> {
  const detector = await Detector.load(engine, model);
  try {
    return await detector.inspect(image(3, { defect: true }), ignored);
  } finally {
    await detector.dispose();
  }
}

/** Columns of a map that are 0 all the way down. */
function emptyColumns({ map: { width, height, data } }: Inspection): number[] {
  return Array.from({ length: width }, (_, x) => x).filter((x) =>
    Array.from({ length: height }, (_, y) => data[y * width + x]).every((value) => value === 0),
  );
}

describe('ignoring', () => {
  it('sets the map to 0 there, keeps the rest, and does not affect the score', async () => {
    const [plain, half] = [await inspected(bundle), await inspected(masked)];
    expect(emptyColumns(plain)).toEqual([]);
    expect(emptyColumns(half)).toEqual(Array.from({ length: 128 }, (_, x) => x));
    const right = (data: Float32Array) => data.filter((_, i) => i % 256 >= 128);
    expect(right(half.map.data)).toEqual(right(plain.map.data));
    // The defect is nearly in the middle; one quarter to the right, little is left of it.
    expect(half.score).toBeLessThanOrEqual(plain.score);
    const rest = await inspected(ignoring(bundle, leftMask(3)));
    expect(rest.score).toBeLessThan(0.8 * plain.score);
  });

  it('is part of the file, and is kept when the manifest changes', async () => {
    const opened = openBundle(masked.bytes.slice());
    expect([ignoredShare(bundle), ignoredShare(opened)]).toEqual([0, 0.5]);
    expect(await inspected(opened)).toEqual(await inspected(masked));
    const { manifest } = masked;
    expect(ignoredShare(withManifest(masked, { ...manifest, classes: ['another'] }))).toBe(0.5);
    expect(masked.bytes.length).toBe(bundle.bytes.length);
    expect(openBundle(masked.bytes).manifest).toEqual(bundle.manifest);
  });

  it('replaces the area ignored before', async () => {
    const none = { width: 1, height: 1, data: Uint8Array.of(0) };
    expect(ignoring(masked, none)).toEqual(bundle);
    // The masks may have a different size.
    const judged = async (...given: Parameters<typeof inspected>) => {
      const { score, map } = await inspected(...given);
      return { score, map };
    };
    expect(await judged(bundle, leftMask())).toEqual(await judged(masked));
    expect(await judged(masked, none)).toEqual(await judged(bundle));
  });

  it('refuses a mask that ignores everything, and a model without masks', () => {
    const refused = (code: string) => expect.objectContaining({ code });
    expect(() => ignoring(bundle, leftMask(4))).toThrow(refused('OPTION_INVALID'));
    const foreign = new Graph('foreign');
    const input = foreign.input('x', 'float32', [1]);
    foreign.output('y', foreign.node('Relu', [input], {}, 'float32', [1]));
    const model = { bytes: toModel(foreign) };
    expect(() => ignoring(model, leftMask())).toThrow(refused('BUNDLE_INVALID'));
  });
});

describe('the ignored area', () => {
  const ignored = leftMask(3);
  const withMask = (entries: readonly ImageEntry[]) => entries.map((one) => ({ ...one, ignored }));

  it('is respected and kept by training, and by training from the model', async () => {
    const trained = await train(tinyTraining({ ignored }));
    expect(ignoredShare(trained)).toBe(0.75);
    const { scores } = trained.manifest.calibration;
    expect(Math.max(...scores)).toBeLessThan(Math.max(...bundle.manifest.calibration.scores));
    expect(ignoredShare(await train(tinyTraining({ from: trained })))).toBe(0.75);
    // The ignored area is not learnt.
    const { parameters } = trainedValues(trained);
    expect(parameters.get('normal.grid.local')).not.toEqual(
      trainedValues(bundle).parameters.get('normal.grid.local'),
    );
  });

  it('has no weight in the loss, and the rest has more', () => {
    const weights = [...(cellWeights(leftMask(3), 4, 4) ?? [])];
    expect(weights).toEqual([0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4]);
    expect(cellWeights(leftMask(4), 4, 4)).toBeUndefined();
  });

  it('has no weight in the loss of its own images', async () => {
    const method = { ...tinyMethod, cells: 4 };
    const [one, other] = goodEntries(2) as [ImageEntry, ImageEntry];
    const [origin, all] = [[0, 0] as const, new Float32Array(16).fill(1)];
    const learnt = [
      { entry: { ...one, ignored }, origins: [origin] },
      { entry: other, origins: [origin] },
    ];
    const left = (quarters: number) => cellWeights(leftMask(quarters), 4, 4);
    expect(learntCells(learnt, undefined, method)).toEqual([left(3), all]);
    expect(learntCells(learnt, leftMask(), method)).toEqual([left(3), left(2)]);
    const without = learnt.map(({ origins }) => ({ entry: other, origins }));
    expect(learntCells(without, undefined, method)).toBeUndefined();

    // All images under one mask, each by itself, are learnt as under that of the bundle.
    const { classes } = tinyTraining();
    const [first] = classes as [TrainingClass];
    const each = { ...first, entries: withMask(first.entries) };
    const learntFrom = async (changes: Partial<TrainInput>) =>
      trainedValues(await train(tinyTraining(changes))).parameters;
    const whole = await learntFrom({});
    const everywhere = await learntFrom({ ignored });
    expect(await learntFrom({ classes: [each] })).toEqual(everywhere);
    expect(everywhere).not.toEqual(whole);
    const half = {
      ...first,
      entries: first.entries.map((one, at) => (at % 2 ? one : { ...one, ignored })),
    };
    const mixed = await learntFrom({ classes: [half] });
    expect(mixed).not.toEqual(whole);
    expect(mixed).not.toEqual(everywhere);
  });

  it('has no weight in tiles, each with its own part of the mask', async () => {
    const method = { ...tinyMethod, cells: 4, tiles: { rows: 1, columns: 3 } };
    const drawn = (...columns: number[]) =>
      columns.map((column) => [0, column * 0.75 * method.inputSize] as const);
    const [one, other] = goodEntries(2) as [ImageEntry, ImageEntry];
    // Ten cells across, three per step, five of them ignored.
    const [outer, inner] = [
      [0, 0, 0, 0],
      [0, 0, 2, 2],
    ].map((row) => Float32Array.from([...row, ...row, ...row, ...row]));
    const rest = new Float32Array(16).fill(2);
    const own = { ...one, ignored: { width: 1, height: 1, data: Uint8Array.of(0) } };
    const learnt = [
      { entry: own, origins: drawn(2, 0) },
      { entry: other, origins: drawn(2, 0) },
      { entry: other, origins: drawn(1, 2) },
    ];
    const all = new Float32Array(16).fill(1);
    expect(learntCells(learnt, leftMask(), method)).toEqual([all, all, rest, outer, inner, rest]);

    const [first] = tinyTraining().classes as [TrainingClass];
    const wide = first.entries.map((_, seed) =>
      entry(`${seed}`, () => image(seed, { width: 160 })),
    );
    const learntFrom = async (entries: readonly ImageEntry[], mask?: Mask) => {
      const classes = [{ ...first, entries }];
      const trained = await train(tinyTraining({ classes, tile: 64, ignored: mask }));
      return trainedValues(trained).parameters;
    };
    const everywhere = await learntFrom(wide, leftMask());
    const each = wide.map((one) => ({ ...one, ignored: leftMask() }));
    expect(await learntFrom(each)).toEqual(everywhere);
    expect(everywhere).not.toEqual(await learntFrom(wide));
  });

  it('is respected by calibration, for all images or for each', async () => {
    const [good, now] = [goodEntries(5, 100), () => new Date('2026-07-04T12:30:45Z')];
    const all = await recalibrate({ engine, bundle, good, now, ignored });
    const each = await recalibrate({ engine, bundle, good: withMask(good), now });
    expect(each.manifest).toEqual(all.manifest);
    expect([ignoredShare(all), ignoredShare(each)]).toEqual([0.75, 0]);
    const plain = await recalibrate({ engine, bundle, good, now });
    expect(all.manifest.calibration.scores).not.toEqual(plain.manifest.calibration.scores);
  });

  it('is respected by evaluation, per image', async () => {
    const bad = entry('bad.png', () => image(3, { defect: true }));
    const [good] = goodEntries(1);
    const entries = [labelled(good as ImageEntry), labelled(bad, { defect: 'patch' })];
    const detector = await Detector.load(engine, bundle);
    const { images } = await evaluate({
      detector,
      entries: entries.map((one, at) => (at === 1 ? { ...one, ignored } : one)),
    });
    await detector.dispose();
    const [first, second] = await scoreImages({
      engine,
      model: bundle,
      entries: [good as ImageEntry, bad],
    });
    expect(images[0]?.score).toBe(first?.score);
    expect(images[1]?.score).toBeLessThan(0.8 * (second?.score as number));
  });
});
