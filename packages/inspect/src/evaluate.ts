import { type BigridError, fail } from '@bigrid/errors';
import { recogniserOf } from './bundle/learnt.ts';
import type { AnomalyMap, Detector } from './detection/detector.ts';
import { digest } from './digest.ts';
import { NONE_READABLE, type OnEvent, progressOf, reportSkipped } from './events.ts';
import { lookAt } from './inspect.ts';
import {
  type Intervals,
  intervalsOf,
  meanOfResampled,
  resampleMetrics,
} from './metrics/bootstrap.ts';
import { resizeMaskNearest } from './metrics/masks.ts';
import {
  type ClassCurves,
  type DefectMetrics,
  defectMetricsOf,
  type MeasuredImage,
  type Metrics,
  meanMetrics,
  metricsOf,
} from './metrics/metrics.ts';
import { countPixels } from './metrics/pixel-counts.ts';
import type { Image, LabelledEntry, Mask } from './ports.ts';
import { imagesAhead, inOrder, type TakeRoom } from './work.ts';

/** A test image with its score. Its anomaly map is not kept: {@link SeenImage} has it. */
export interface EvaluatedImage {
  readonly entry: LabelledEntry;
  readonly score: number;
  /** Whether there is a mask that is not empty; never for good images. */
  readonly hasMask: boolean;
  /** Whether every value of its anomaly map is a number. */
  readonly isMapDefined: boolean;
}

/** A test image while it is in memory; the next one replaces it. */
export interface SeenImage {
  readonly evaluated: EvaluatedImage;
  readonly image: Image;
  readonly map: AnomalyMap;
  /** Mask of the ignored area, of any size; undefined if nothing is ignored. */
  readonly ignored?: Mask | undefined;
  /** Its mask at the map's resolution, 0 or 1; undefined for good images and if there is no usable mask. */
  readonly mask: Uint8Array | undefined;
  /** Total number of test images. */
  readonly total: number;
}

/** Metrics of one kind of defect against the good images of its class. */
export interface EvaluatedDefect extends DefectMetrics {
  readonly className: string;
  readonly defect: string;
}

export interface Evaluation {
  /** Metrics by class name. */
  readonly classes: Readonly<Record<string, Metrics>>;
  /** Mean of each metric over the classes for which it is defined; NaN if there are none. */
  readonly mean: Metrics;
  /** Number of classes in the mean of each metric. */
  readonly meanOver: Readonly<Record<keyof Metrics, number>>;
  /** 95 % bootstrap intervals of the metrics. */
  readonly intervals: {
    readonly classes: Readonly<Record<string, Intervals>>;
    readonly mean: Intervals;
  };
  /** By class, then in the order of the images. */
  readonly defects: readonly EvaluatedDefect[];
  readonly curves: Readonly<Record<string, ClassCurves>>;
  readonly images: readonly EvaluatedImage[];
  /** Anomalous images without a usable mask: included in image metrics, excluded from pixel metrics. */
  readonly withoutMask: readonly string[];
  /** Images that could not be read, or whose mask has a different size, with their errors. */
  readonly failed: readonly { readonly path: string; readonly error: BigridError }[];
}

export interface EvaluateInput {
  readonly detector: Detector;
  readonly entries: readonly LabelledEntry[];
  /** Digests of the training images from the manifest, to warn if some of them are test images. */
  readonly learnt?: string | undefined;
  /** Called with each image in turn; the next one waits for the returned promise. */
  readonly onImage?: ((seen: SeenImage) => void | Promise<void>) | undefined;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Maximum number of learnt images named; the rest are counted. */
const MOST_NAMED = 5;

/**
 * Inspects labelled test images and computes the standard metrics, defined in docs/reference/metrics.md.
 * Per image, a score and about 15 kB of counts stay in memory; images and maps do not.
 *
 * @throws DATA_NO_TEST if no image could be read, CANCELLED
 */
export async function evaluate(input: EvaluateInput): Promise<Evaluation> {
  const { detector, entries, signal } = input;
  const onEvent = input.onEvent ?? (() => {});
  const progress = progressOf('evaluating', entries.length, onEvent);
  const images: EvaluatedImage[] = [];
  const measured = new Map<EvaluatedImage, MeasuredImage>();
  const failed: { path: string; error: BigridError }[] = [];
  const isLearnt = recogniserOf(input.learnt);
  const learnt: string[] = [];
  let done = 0;
  const read = async (entry: LabelledEntry, takeRoom: TakeRoom) => {
    const { image, inspection } = await lookAt(detector, entry, takeRoom);
    const mask = await entry.readMask?.();
    checkMask(entry, image, mask);
    const wasLearnt = isLearnt(await digest(image.data));
    return { image, inspection, mask, wasLearnt };
  };
  const ahead = imagesAhead(detector.runsAtOnce);
  for await (const outcome of inOrder(entries, read, ahead, signal)) {
    if ('error' in outcome) {
      const { path } = outcome.item;
      failed.push({ path, error: reportSkipped(path, outcome.error, onEvent) });
    } else {
      const { image, inspection, mask, wasLearnt } = outcome.value;
      const { score, map, ignored } = await inspection;
      if (wasLearnt) learnt.push(outcome.item.path);
      const sized = mask && resizeMaskNearest(mask, map.width, map.height);
      // An empty mask is as good as a missing one.
      const usable = sized?.includes(1) ? sized : undefined;
      const entry = outcome.item;
      const pixels = countPixels(map.data, usable, map.width, map.height);
      const { isDefined: isMapDefined } = pixels;
      const evaluated = { entry, score, hasMask: usable !== undefined, isMapDefined };
      images.push(evaluated);
      const anomalous = isAnomalous(entry);
      const counted = anomalous && !usable ? undefined : pixels;
      measured.set(evaluated, { anomalous, score, pixels: counted });
      await input.onImage?.({
        evaluated,
        image,
        map,
        ignored,
        mask: usable,
        total: entries.length,
      });
    }
    progress(++done);
  }
  if (images.length === 0) {
    fail('DATA_NO_TEST', `Expected readable test images but received none of ${entries.length}`, {
      remedy: NONE_READABLE,
    });
  }
  if (learnt.length > 0) onEvent({ type: 'warning', message: warningOf(learnt, images.length) });
  return { ...summarise(measured), images, failed };
}

function warningOf(learnt: readonly string[], total: number): string {
  const rest = learnt.length - MOST_NAMED;
  return [
    `The model was trained on ${learnt.length} of ${total} test images: their scores are too low for meaningful metrics.`,
    ...learnt.slice(0, MOST_NAMED).map((path) => `  ${path}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ].join('\n');
}

function summarise(measured: ReadonlyMap<EvaluatedImage, MeasuredImage>) {
  const classes: Record<string, Metrics> = {};
  const curves: Record<string, ClassCurves> = {};
  const intervals: Record<string, Intervals> = {};
  const defects: EvaluatedDefect[] = [];
  const resampled = [];
  for (const [name, own] of Map.groupBy(measured, ([{ entry }]) => entry.className)) {
    const images = own.map(([, image]) => image);
    const computed = metricsOf(images);
    classes[name] = computed.metrics;
    curves[name] = computed.curves;
    const redrawn = resampleMetrics(images, name);
    intervals[name] = intervalsOf(redrawn);
    resampled.push(redrawn);
    const kinds = Map.groupBy(own, ([{ entry }]) =>
      isAnomalous(entry) ? entry.defect : undefined,
    );
    const good = kinds.get(undefined) ?? [];
    for (const [defect, bad] of kinds) {
      if (defect === undefined) continue;
      const metrics = defectMetricsOf([...good, ...bad].map(([, image]) => image));
      defects.push({ className: name, defect, ...metrics });
    }
  }
  const withoutMask = [...measured.keys()]
    .filter(({ entry, hasMask }) => isAnomalous(entry) && !hasMask)
    .map(({ entry }) => entry.path);
  return {
    classes,
    ...meanMetrics(Object.values(classes)),
    intervals: { classes: intervals, mean: intervalsOf(meanOfResampled(resampled)) },
    defects,
    curves,
    withoutMask,
  };
}

/** Whether a test image has a label other than good. */
export function isAnomalous(entry: LabelledEntry): boolean {
  return entry.defect !== 'good';
}

function checkMask(
  entry: LabelledEntry,
  image: { width: number; height: number },
  mask: { width: number; height: number } | undefined,
): void {
  if (!mask || (mask.width === image.width && mask.height === image.height)) return;
  fail(
    'MASK_MISMATCH',
    `Expected a mask of ${image.width} x ${image.height} for ${entry.path} but received ${mask.width} x ${mask.height}`,
  );
}
