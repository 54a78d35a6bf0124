import { BigridError } from '@bigrid/errors';
import type {
  EvaluatedImage,
  Evaluation,
  Image,
  Intervals,
  Manifest,
  Metrics,
  SeenImage,
  Verdict,
} from '@bigrid/inspect';
import { type Drift, drawThumbnail } from '@bigrid/node';
import { Random } from '../../method/src/random.ts';
import { Report, type ReportOptions } from '../src/report.ts';

const mapSize = 32;
const evil = `gear "'><script>alert(1)</script>&amp;`;

/** Noise, which no encoder makes small, over a slope; every seed its own. */
export function noisyImage(seed: number, width = 96, height = 64, strength = 60): Image {
  const data = new Uint8Array(width * height * 3);
  const random = new Random(seed);
  for (let i = 0; i < data.length; i++) {
    data[i] = 60 + ((i / 3) % width) + random.uniform(0, strength);
  }
  return { width, height, data };
}

/** Drift of the score alone: a band that is narrow compared with the inspections, and one as wide as they are. */
export function exampleDrift(band: { low: number; median: number; high: number }): Drift {
  const statistics = { brightness: 1, contrast: 1, sharpness: 1, red: 1, blue: 1 };
  const history = Array.from({ length: 40 }, (_, i) => ({
    at: '2026-07-04T12:30:45.000Z',
    path: `/line 3/${i}.png`,
    model: 'model',
    bundle: 'bundle',
    score: 1 + ((i * 7) % 40),
    statistics: { ...statistics, brightness: 1 + ((i * 7) % 40) / 1000 },
  }));
  const measure = {
    before: { count: 40, ...band },
    now: { count: 40, ...band },
    shift: 0,
    outside: { below: 0, above: 0, expected: 0.8, probability: 1 },
    probability: 1,
    moved: false,
    isMixed: false,
  };
  return {
    measures: [
      { name: 'score', ...measure },
      { name: 'brightness', ...measure },
    ],
    drifted: false,
    compared: { count: 20, from: '2026-07-04T12:30:45.000Z', to: '2026-07-04T12:31:45.000Z' },
    history,
    others: 0,
    skipped: 0,
  };
}

/** A verdict on an unlabelled image by the threshold of {@link exampleManifest}. */
export function exampleVerdict(score: number, strength?: number): Verdict {
  const isAnomalous = score > 0.5;
  const path = `/line 3/new/${score}.png`;
  const image = noisyImage(Math.round(score * 1e6), 64, 48, strength);
  return {
    entry: { path, read: async () => image },
    path,
    score,
    isAnomalous,
    verdict: isAnomalous ? 'anomalous' : 'normal',
    threshold: 0.5,
    confidence: 0.5,
    unknown: false,
    image,
    map: { width: mapSize, height: mapSize, data: new Float32Array(mapSize ** 2).fill(score) },
    regions: [],
  };
}

export function square(from: number, to: number): Uint8Array {
  return Uint8Array.from({ length: mapSize * mapSize }, (_, i) => {
    const [x, y] = [i % mapSize, Math.floor(i / mapSize)];
    return x >= from && x < to && y >= from && y < to ? 1 : 0;
  });
}

const masks = new Map<EvaluatedImage, Uint8Array>();

export function evaluated(
  name: string,
  className: string,
  defect: string,
  score: number,
  mask?: Uint8Array,
): EvaluatedImage {
  const path = `/data/line 3/${className}/test/${defect}/${name}.png`;
  const read = async () => noisyImage(Math.round(score * 1000));
  const entry = { path, className, defect, read, readMask: undefined };
  const image = { entry, score, hasMask: mask !== undefined, isMapDefined: true };
  if (mask) masks.set(image, mask);
  return image;
}

/** An image as the evaluation shows it. */
export async function seen(image: EvaluatedImage, total: number): Promise<SeenImage> {
  const mask = masks.get(image);
  const data = new Float32Array(mapSize * mapSize).fill(0.2);
  if (mask) for (let i = 0; i < data.length; i++) data[i] = mask[i] ? 2 : 0.2;
  const map = { width: mapSize, height: mapSize, data };
  return { evaluated: image, image: await image.entry.read(), map, mask, total };
}

export async function render(
  evaluation: Evaluation,
  own: Manifest,
  options: Omit<ReportOptions, 'drawThumbnail'>,
) {
  const report = new Report(own, { drawThumbnail, ...options });
  const { images } = evaluation;
  for (const image of images) await report.add(await seen(image, images.length));
  return report.render(evaluation);
}

const full: Metrics = {
  imageAuroc: 0.98765,
  imageAp: 0.99999,
  imageF1Max: 1,
  pixelAuroc: 0.91,
  pixelAp: 0.5,
  pixelF1Max: 0.6,
  aupro: 0.8,
};
const none = Number.NaN;
export const intervalsOf = (metrics: Metrics): Intervals => {
  const around = Object.entries(metrics).map(([name, value]) => [
    name,
    { low: value - 0.125, high: Math.min(1, value + 0.125) },
  ]);
  return Object.fromEntries(around);
};
/** The same number for each metric. */
export function eachMetric(value: number): Metrics {
  const entries = Object.keys(full).map((name) => [name, value]);
  return Object.fromEntries(entries);
}

const withoutImages: Metrics = { ...full, imageAuroc: none, imageAp: none, imageF1Max: none };

const curve = {
  imageRoc: [
    { falsePositiveRate: 0, truePositiveRate: 0, threshold: Infinity },
    { falsePositiveRate: 0.5, truePositiveRate: 1, threshold: 0.3 },
    { falsePositiveRate: 1, truePositiveRate: 1, threshold: 0.1 },
  ],
  imagePrecisionRecall: [
    { recall: 0, precision: 1, threshold: Infinity },
    { recall: 1, precision: 0.5, threshold: 0.3 },
  ],
  pixelRoc: [
    { falsePositiveRate: 0, truePositiveRate: 0, threshold: Infinity },
    { falsePositiveRate: 1, truePositiveRate: 1, threshold: 0 },
  ],
  pixelPrecisionRecall: [
    { recall: 0, precision: 1, threshold: Infinity },
    { recall: 1, precision: 0.2, threshold: 0 },
  ],
  pro: [
    { falsePositiveRate: 0, overlap: 0 },
    { falsePositiveRate: 0.3, overlap: 1 },
  ],
};

/** Two products, an image of each verdict, one that could not be read and one without a mask. */
export function exampleEvaluation(): Evaluation {
  const images = [
    evaluated('g0', 'flange', 'good', 0.1),
    evaluated('g1', 'flange', 'good', 0.2),
    evaluated('g2', 'flange', 'good', 0.7),
    evaluated('s0', 'flange', 'scratch', 0.4, square(4, 8)),
    evaluated('s1', 'flange', 'scratch', 0.9, square(10, 20)),
    // Exactly at the threshold is not above it.
    evaluated('d0', 'flange', 'dent', 0.5, square(20, 24)),
    evaluated('e0', evil, '<b>chip</b>', 0.8, square(2, 5)),
    evaluated('e1', evil, '<b>chip</b>', 0.3),
  ];
  return {
    classes: { flange: full, [evil]: withoutImages },
    mean: full,
    meanOver: { ...eachMetric(2), imageAuroc: 1, imageAp: 1, imageF1Max: 1 },
    intervals: {
      classes: { flange: intervalsOf(full), [evil]: intervalsOf(withoutImages) },
      mean: intervalsOf(full),
    },
    defects: [
      { className: 'flange', defect: 'scratch', imageAuroc: 5 / 6, aupro: 0.87654 },
      { className: 'flange', defect: 'dent', imageAuroc: 2 / 3, aupro: 0.5 },
      { className: evil, defect: '<b>chip</b>', imageAuroc: none, aupro: 0.25 },
    ],
    curves: {
      flange: curve,
      [evil]: { ...curve, imageRoc: [], imagePrecisionRecall: [] },
    },
    images,
    withoutMask: [images[7]?.entry.path ?? ''],
    failed: [
      {
        path: '/data/line 3/flange/test/dent/<i>cut</i>.png',
        error: new BigridError(
          'IMAGE_UNREADABLE',
          'Expected a whole image but received <i>half</i>',
        ),
      },
    ],
  };
}

export const exampleManifest = {
  manifestVersion: 1,
  bigridVersion: '1.2.3',
  createdAt: '2026-07-04T12:30:45.000Z',
  classes: ['flange', evil],
  profile: 'fast',
  method: { inputSize: 256, taps: [2, 4, 10], expectation: 'none' },
  schedule: { epochs: 8 },
  backbone: { name: 'efficientnet-lite0', licence: 'Apache-2.0' },
  calibration: {
    scores: [0.1, 0.2, 0.5],
    origin: 'held-out',
    rule: 'quantile:0.99',
    threshold: 0.5,
    pixelThreshold: 1,
  },
  training: {
    seed: 7,
    images: 57,
    heldOut: 3,
    skipped: 0,
    steps: 1234,
    dataHash: 'abc123',
    engine: 'onnxruntime-node',
  },
} as unknown as Manifest;
