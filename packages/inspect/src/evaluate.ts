import { type BigridError, fail } from '@bigrid/errors';
import type { Detector } from './detector.ts';
import { type OnEvent, progressOf, reportSkipped } from './events.ts';
import { resizeMaskNearest } from './metrics/masks.ts';
import { type ClassCurves, type Metrics, metricsOf } from './metrics/metrics.ts';
import type { LabelledEntry } from './ports.ts';
import { checkCancelled, DECODE_AHEAD, inOrder } from './work.ts';

/** A test picture with what the model says of it and what is known. */
export interface EvaluatedPicture {
  readonly entry: LabelledEntry;
  readonly score: number;
  /** Anomaly map at its own resolution, width * height values. */
  readonly map: Float32Array;
  /** Its mask at the map's resolution, 0 or 1; undefined for good pictures and where none is usable. */
  readonly mask: Uint8Array | undefined;
}

export interface Evaluation {
  /** Metrics by class name. */
  readonly classes: Readonly<Record<string, Metrics>>;
  /** Plain mean over classes. */
  readonly mean: Metrics;
  readonly curves: Readonly<Record<string, ClassCurves>>;
  readonly pictures: readonly EvaluatedPicture[];
  readonly mapWidth: number;
  readonly mapHeight: number;
  /** Anomalous pictures without a usable mask: counted for image metrics, left out of pixel metrics. */
  readonly withoutMask: readonly string[];
  /** Pictures that could not be read, or whose mask is of another size, with their errors. */
  readonly failed: readonly { readonly path: string; readonly error: BigridError }[];
}

export interface EvaluateInput {
  readonly detector: Detector;
  readonly entries: readonly LabelledEntry[];
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Inspects labelled test pictures and computes the metrics of the field: docs/method.md says how each is defined.
 * @throws DATA_NO_TEST when no picture could be read, CANCELLED
 */
export async function evaluate(input: EvaluateInput): Promise<Evaluation> {
  const { detector, entries, signal } = input;
  const onEvent = input.onEvent ?? (() => {});
  const progress = progressOf('evaluating', entries.length, onEvent);
  const pictures: EvaluatedPicture[] = [];
  const failed: { path: string; error: BigridError }[] = [];
  let [mapWidth, mapHeight, done] = [0, 0, 0];
  const read = async (entry: LabelledEntry) => {
    const picture = await entry.read();
    const mask = await entry.readMask?.();
    checkMask(entry, picture, mask);
    return { picture, mask };
  };
  for await (const outcome of inOrder(entries, read, DECODE_AHEAD)) {
    checkCancelled(signal);
    if ('error' in outcome) {
      const { path } = outcome.item;
      failed.push({ path, error: reportSkipped(path, outcome.error, onEvent) });
    } else {
      const { picture, mask } = outcome.value;
      const { score, map } = await detector.inspect(picture, outcome.item.ignored);
      [mapWidth, mapHeight] = [map.width, map.height];
      const sized = mask && resizeMaskNearest(mask, map.width, map.height);
      // A mask that marks nothing says no more than a missing one.
      const usable = sized?.includes(1) ? sized : undefined;
      pictures.push({ entry: outcome.item, score, map: map.data, mask: usable });
    }
    progress(++done);
  }
  if (pictures.length === 0) {
    fail('DATA_NO_TEST', `Expected readable test pictures but received none of ${entries.length}`);
  }
  return { ...summarise(pictures, mapWidth, mapHeight), pictures, mapWidth, mapHeight, failed };
}

function summarise(pictures: readonly EvaluatedPicture[], width: number, height: number) {
  const names = [...new Set(pictures.map(({ entry }) => entry.className))];
  const classes: Record<string, Metrics> = {};
  const curves: Record<string, ClassCurves> = {};
  for (const name of names) {
    const own = pictures.filter(({ entry }) => entry.className === name);
    const computed = metricsOf(
      own.map(({ entry, score, map, mask }) => ({
        anomalous: isAnomalous(entry),
        score,
        map,
        mask,
      })),
      width,
      height,
    );
    classes[name] = computed.metrics;
    curves[name] = computed.curves;
  }
  const all = Object.values(classes);
  const mean = Object.fromEntries(
    Object.keys(all[0] as Metrics).map((key) => [
      key,
      all.reduce((sum, metrics) => sum + metrics[key as keyof Metrics], 0) / all.length,
    ]),
  ) as unknown as Metrics;
  const withoutMask = pictures
    .filter(({ entry, mask }) => isAnomalous(entry) && !mask)
    .map(({ entry }) => entry.path);
  return { classes, mean, curves, withoutMask };
}

/** Whether a test picture is labelled as anything but good. */
export function isAnomalous(entry: LabelledEntry): boolean {
  return entry.defect !== 'good';
}

function checkMask(
  entry: LabelledEntry,
  picture: { width: number; height: number },
  mask: { width: number; height: number } | undefined,
): void {
  if (!mask || (mask.width === picture.width && mask.height === picture.height)) return;
  fail(
    'MASK_MISMATCH',
    `Expected a mask of ${picture.width} x ${picture.height} for ${entry.path} but received ${mask.width} x ${mask.height}`,
  );
}
