import { describe, expect, it } from 'vitest';
import { answeringEngine, entry, labelled, someModel, unreadable } from '../testing/fakes.ts';
import { learntFrom } from './bundle/learnt.ts';
import { Detector } from './detection/detector.ts';
import { digest } from './digest.ts';
import { type EvaluateInput, type Evaluation, evaluate, type SeenImage } from './evaluate.ts';
import type { WorkEvent } from './events.ts';
import { defectMetricsOf, metricsOf } from './metrics/metrics.ts';
import { countPixels } from './metrics/pixel-counts.ts';
import type { LabelledEntry, Mask } from './ports.ts';

// An image of 4 x 2 pixels; its first bytes determine the detector's output: [score, position of the defect].
const [width, height] = [4, 2];
const mapOf = (score: number, place: number) =>
  Float32Array.from({ length: 8 }, (_, i) => (i === place ? score : ((i * 3) % 5) / 10));

const engine = answeringEngine(({ data }) => {
  const [score, place] = data as unknown as [number, number];
  return { score, width, map: mapOf(score, place) };
});

function maskAt(places: readonly number[], level = 255): Mask {
  const data = new Uint8Array(8);
  for (const place of places) data[place] = level;
  return { width, height, data };
}

interface Case {
  readonly path: string;
  readonly score: number;
  readonly place: number;
  readonly className?: string;
  readonly defect?: string;
  readonly mask?: Mask;
}

function shown({ path, score, place, ...label }: Case): LabelledEntry {
  const data = new Uint8Array(width * height * 3);
  data.set([score, place]);
  return labelled(
    entry(path, () => ({ width, height, data })),
    label,
  );
}

async function evaluated(
  entries: readonly LabelledEntry[],
  more: Pick<EvaluateInput, 'learnt' | 'onEvent' | 'onImage' | 'signal'> = {},
): Promise<Evaluation> {
  const detector = await Detector.load(engine, someModel());
  return evaluate({ detector, entries, ...more });
}

const cases: Case[] = [
  { path: 'a/good/0', className: 'a', score: 1, place: 0 },
  { path: 'a/good/1', className: 'a', score: 4, place: 3 },
  { path: 'a/crack/0', className: 'a', defect: 'crack', score: 3, place: 5, mask: maskAt([5, 6]) },
  { path: 'a/crack/1', className: 'a', defect: 'crack', score: 9, place: 2, mask: maskAt([2]) },
  { path: 'b/good/0', className: 'b', score: 2, place: 1 },
  { path: 'b/hole/0', className: 'b', defect: 'hole', score: 7, place: 7, mask: maskAt([3, 7]) },
];

/** The inputs of the metrics, without a detector. */
function measured(of: readonly Case[]) {
  return of.map(({ score, place, defect, mask }) => {
    const bits = mask && Uint8Array.from(mask.data, (level) => (level > 127 ? 1 : 0));
    const pixels = countPixels(mapOf(score, place), bits, width, height);
    return { anomalous: defect !== undefined, score, pixels };
  });
}
const expected = (of: readonly Case[]) => metricsOf(measured(of)).metrics;

describe('evaluate', () => {
  it('warns about test images that the model was trained on, whatever their names', async () => {
    const warnings: string[] = [];
    const onEvent = (event: WorkEvent) => event.type === 'warning' && warnings.push(event.message);
    const [first, ...others] = cases.map(shown) as [LabelledEntry, ...LabelledEntry[]];
    const learnt = learntFrom([await digest((await first.read()).data)]);
    await evaluated([...others, { ...first, path: 'renamed' }], { learnt, onEvent });
    expect(warnings).toEqual([
      expect.stringMatching(/^The model was trained on 1 of 6 test images.*renamed$/s),
    ]);
    await evaluated(others, { learnt, onEvent });
    await evaluated([first], { onEvent });
    expect(warnings).toHaveLength(1);
  });

  it('returns the metrics per class and their mean', async () => {
    const { classes, mean, meanOver, ...rest } = await evaluated(cases.map(shown));
    expect(new Set(Object.values(meanOver))).toEqual(new Set([2]));
    const [a, b] = ['a', 'b'].map((name) => expected(cases.filter((c) => c.className === name)));
    expect(classes).toEqual({ a, b });
    expect(classes.a?.imageAuroc).toBe(0.75);
    expect(classes.b?.imageAuroc).toBe(1);
    expect(mean.imageAuroc).toBe(0.875);
    for (const [key, value] of Object.entries(mean)) {
      const [left, right] = [a, b].map((metrics) => metrics?.[key as keyof typeof mean] as number);
      expect(value, key).toBeCloseTo(((left as number) + (right as number)) / 2, 12);
    }
    expect(rest).toMatchObject({ withoutMask: [], failed: [] });
    expect(rest.images.map(({ entry, score }) => [entry.path, score])).toEqual(
      cases.map(({ path, score }) => [path, score]),
    );
    expect(Object.keys(rest.curves)).toEqual(['a', 'b']);
    expect(rest.intervals.classes.a?.imageAuroc).toEqual({ low: 0, high: 1 });
    expect(rest.intervals.classes.b?.imageAuroc).toEqual({ low: 1, high: 1 });
    expect(rest.intervals.mean.imageAuroc).toEqual({ low: 0.5, high: 1 });
  });

  it('averages over the classes for which a metric is defined, and counts them', async () => {
    const withoutMask = ({ mask: _, ...one }: Case): Case => one;
    const bare = cases.map((one) => (one.className === 'a' ? withoutMask(one) : one));
    const { classes, mean, meanOver, intervals } = await evaluated(bare.map(shown));
    expect(classes.a?.pixelAp).toBeNaN();
    expect(mean.pixelAp).toBe(classes.b?.pixelAp);
    expect(mean.imageAp).toBe(((classes.a?.imageAp ?? 0) + (classes.b?.imageAp ?? 0)) / 2);
    expect([meanOver.pixelAp, meanOver.aupro, meanOver.imageAp]).toEqual([1, 1, 2]);
    expect(intervals.mean.pixelAp).toEqual(intervals.classes.b?.pixelAp);
    // The mean of no values is undefined.
    const good = await evaluated(cases.filter(({ defect }) => !defect).map(shown));
    expect([good.mean.imageAuroc, good.meanOver.imageAuroc]).toEqual([Number.NaN, 0]);
    expect(good.intervals.mean.imageAuroc).toEqual({ low: Number.NaN, high: Number.NaN });
  });

  it('measures each kind of defect against the good images of its class', async () => {
    const more = { path: 'a/dent/0', className: 'a', defect: 'dent', score: 0, place: 4 };
    const { defects } = await evaluated([...cases, more].map(shown));
    const good = cases.filter(({ className, defect }) => className === 'a' && !defect);
    const crack = cases.filter(({ defect }) => defect === 'crack');
    expect(defects).toEqual([
      { className: 'a', defect: 'crack', ...defectMetricsOf(measured([...good, ...crack])) },
      { className: 'a', defect: 'dent', imageAuroc: 0, aupro: Number.NaN },
      { className: 'b', defect: 'hole', imageAuroc: 1, aupro: defects[2]?.aupro },
    ]);
  });

  it('passes on each image in turn, and keeps neither it nor its map', async () => {
    const seen: SeenImage[] = [];
    let showing = 0;
    const { images } = await evaluated(cases.map(shown), {
      async onImage(image) {
        expect(++showing).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        showing--;
        seen.push(image);
      },
    });
    expect(seen.map(({ evaluated }) => evaluated)).toEqual(images);
    expect(seen.map(({ total }) => total)).toEqual(cases.map(() => 6));
    expect(seen.map(({ map }) => [...map.data])).toEqual(
      cases.map(({ score, place }) => [...mapOf(score, place)]),
    );
    for (const image of images) {
      expect(Object.keys(image)).toEqual(['entry', 'score', 'hasMask', 'isMapDefined']);
    }
  });

  it('excludes images without a usable mask from pixel metrics, and names them', async () => {
    const unusable: Case[] = [
      { path: 'no mask', className: 'a', defect: 'crack', score: 8, place: 1 },
      { path: 'empty', className: 'a', defect: 'crack', score: 6, place: 1, mask: maskAt([]) },
      {
        path: 'faint',
        className: 'a',
        defect: 'crack',
        score: 5,
        place: 1,
        mask: maskAt([1], 127),
      },
    ];
    const own = cases.filter((c) => c.className === 'a');
    const { classes, withoutMask } = await evaluated([...own, ...unusable].map(shown));
    expect(withoutMask).toEqual(['no mask', 'empty', 'faint']);
    const { imageAuroc, imageAp, imageF1Max, ...pixels } = classes.a ?? {};
    const { imageAuroc: _, imageAp: __, imageF1Max: ___, ...expectedPixels } = expected(own);
    expect(pixels).toEqual(expectedPixels);
    const images = expected([...own, ...unusable]);
    expect({ imageAuroc, imageAp, imageF1Max }).toEqual({
      imageAuroc: images.imageAuroc,
      imageAp: images.imageAp,
      imageF1Max: images.imageF1Max,
    });
  });

  it('excludes images whose mask has a different size and unreadable images', async () => {
    const events: WorkEvent[] = [];
    const mismatched = shown({
      path: 'mismatched',
      className: 'a',
      defect: 'crack',
      score: 5,
      place: 1,
      mask: { width: 3, height: 2, data: new Uint8Array(6).fill(255) },
    });
    const broken = labelled(unreadable('broken'), { className: 'a', defect: 'crack' });
    const entries = [broken, ...cases.map(shown), mismatched];
    const { failed, classes, images } = await evaluated(entries, {
      onEvent: (event) => events.push(event),
    });
    expect(failed.map(({ path, error }) => [path, error.code])).toEqual([
      ['broken', 'IMAGE_UNREADABLE'],
      ['mismatched', 'MASK_MISMATCH'],
    ]);
    expect(failed[1]?.error.message).toBe(
      'Expected a mask of 4 x 2 for mismatched but received 3 x 2',
    );
    expect(classes).toEqual((await evaluated(cases.map(shown))).classes);
    expect(images).toHaveLength(cases.length);
    const skipped = events.filter((event) => event.type === 'skipped').map(({ path }) => path);
    expect(skipped).toEqual(['broken', 'mismatched']);
    const progress = events.filter((event) => event.type === 'progress');
    expect(progress.map(({ done }) => done)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(progress.every(({ phase, total }) => phase === 'evaluating' && total === 8)).toBe(true);
  });

  it('resizes masks to the size of the map', async () => {
    const data = new Uint8Array(12 * 4 * 3);
    data.set([9, 2]);
    const mask = { width: 12, height: 4, data: new Uint8Array(48) };
    // Columns 6 to 8 and rows 0 and 1 are pixel (2, 0) of the map.
    for (const row of [0, 1]) mask.data.fill(255, row * 12 + 6, row * 12 + 9);
    const large = labelled(
      entry('large', () => ({ width: 12, height: 4, data })),
      { defect: 'x', mask },
    );
    let sized: Uint8Array | undefined;
    await evaluated([large], {
      onImage({ mask }) {
        sized = mask;
      },
    });
    expect([...(sized ?? [])]).toEqual([0, 0, 1, 0, 0, 0, 0, 0]);
  });

  it('fails if no image can be read', async () => {
    const noTest = expect.objectContaining({ code: 'DATA_NO_TEST' });
    await expect(evaluated([])).rejects.toThrow(noTest);
    await expect(evaluated([labelled(unreadable('a'))])).rejects.toThrow(noTest);
  });

  it('stops on cancellation and on bugs', async () => {
    const controller = new AbortController();
    const onEvent = (event: WorkEvent) => {
      if (event.type === 'progress' && event.done === 2) controller.abort();
    };
    await expect(
      evaluated(cases.map(shown), { onEvent, signal: controller.signal }),
    ).rejects.toThrow(expect.objectContaining({ code: 'CANCELLED' }));
    const odd = labelled(entry('odd', () => Promise.reject(new TypeError('a slip'))));
    await expect(evaluated([odd])).rejects.toThrow(new TypeError('a slip'));
  });
});
