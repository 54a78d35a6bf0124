import { fail } from '@bigrid/errors';
import type { Calibration } from '../bundle/manifest.ts';
import { type ImageStatistics, type StatisticName, statisticNames } from '../image-statistics.ts';
import { ascending } from '../metrics/order.ts';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';
import { type OutsideBand, outsideBand } from './outside-band.ts';

/** What is compared: the score, and statistics of the image itself. */
export type MeasureName = 'score' | StatisticName;

/** What drift takes from one inspection. */
export interface LoggedInspection {
  readonly score: number;
  readonly statistics: ImageStatistics;
}

/** One measure at calibration and recently. */
export interface MeasureDrift {
  readonly name: MeasureName;
  readonly before: SampleSummary;
  readonly now: SampleSummary;
  /** How far the median moved, in standard deviations at calibration; undefined if that deviation was 0. */
  readonly shift: number | undefined;
  /** Inspections outside the band that held 98 of 100 at calibration. */
  readonly outside: OutsideBand;
  /**
   * Probability of a difference this large if nothing changed: twice the smaller p-value of two exact tests, one for the
   * whole distribution (Kolmogorov-Smirnov) and one for the share outside the band, which detects a few outliers.
   */
  readonly probability: number;
  readonly moved: boolean;
  /** Whether only some of the inspections moved. */
  readonly isMixed: boolean;
}

/** Values of one measure. */
export interface SampleSummary {
  readonly count: number;
  readonly median: number;
  /** 98 % lie between these. */
  readonly low: number;
  readonly high: number;
}

/** The largest probability of reporting drift where there is none, over all measures. */
export const FALSE_DRIFT_RATE = 0.01;
const LEAST_INSPECTIONS = 10;
/** With a larger share outside the band, all inspections count as moved. */
const MOST_MIXED = 0.75;
/** Values of a statistic that a manifest keeps. */
const MOST_KEPT = 200;

/** Each statistic over good images, ascending; at most 200 values, evenly chosen. */
export function referenceOf(images: readonly ImageStatistics[]): Record<StatisticName, number[]> {
  const valuesOf = (name: StatisticName) => {
    const values = ascending(images.map((image) => image[name]));
    const kept = Math.min(MOST_KEPT, values.length);
    return Array.from(
      { length: kept },
      (_, index) => values[Math.floor(((index + 0.5) * values.length) / kept)] as number,
    );
  };
  return Object.fromEntries(statisticNames.map((name) => [name, valuesOf(name)])) as Record<
    StatisticName,
    number[]
  >;
}

/** Images with the values of a reference. Which values belong to one image is unknown and irrelevant here. */
export function imagesOf(
  reference: Readonly<Record<StatisticName, readonly number[]>>,
): ImageStatistics[] {
  return reference.brightness.map(
    (_, at) =>
      Object.fromEntries(
        statisticNames.map((name) => [name, reference[name][at]]),
      ) as ImageStatistics,
  );
}

/**
 * Compares inspections with the good images of a calibration, measure by measure. If they come from the same
 * line, independently, the probability of reporting any as moved is at most {@link FALSE_DRIFT_RATE}.
 * @returns those that moved first, the furthest first
 * @throws DRIFT_UNSUPPORTED for fewer than 10 inspections
 */
export function driftOf(
  { scores, images }: Pick<Calibration, 'scores' | 'images'>,
  inspections: readonly LoggedInspection[],
): MeasureDrift[] {
  if (inspections.length < LEAST_INSPECTIONS) {
    fail(
      'DRIFT_UNSUPPORTED',
      `Expected at least ${LEAST_INSPECTIONS} inspections with this model in the log but received ${inspections.length}`,
    );
  }
  const measures = [
    compare(
      'score',
      scores,
      inspections.map(({ score }) => score),
    ),
    ...statisticNames.map((name) =>
      compare(
        name,
        images[name],
        inspections.map(({ statistics }) => statistics[name]),
      ),
    ),
  ];
  const far = ({ shift = Number.POSITIVE_INFINITY }: MeasureDrift) => Math.abs(shift);
  return measures.sort(
    (a, b) => Number(b.moved) - Number(a.moved) || (a.moved ? far(b) - far(a) : 0),
  );
}

function compare(
  name: MeasureName,
  reference: readonly number[],
  values: readonly number[],
): MeasureDrift {
  const [before, now] = [ascending(reference), ascending(values)];
  const { probability: asWhole } = kolmogorovSmirnov(before, now);
  const outside = outsideBand(before, bandOf(before.length), now);
  const probability = Math.min(1, 2 * Math.min(asWhole, outside.probability));
  const moved = probability < FALSE_DRIFT_RATE / (1 + statisticNames.length);
  const [was, is] = [summaryOf(before), summaryOf(now)];
  const deviation = deviationOf(before);
  return {
    name,
    before: was,
    now: is,
    // The deviation of equal values is not exactly 0 because of rounding.
    shift:
      deviation > 1e-9 * Math.abs(was.median) ? (is.median - was.median) / deviation : undefined,
    outside,
    probability,
    moved,
    isMixed:
      moved &&
      outside.probability < asWhole &&
      outside.below + outside.above <= MOST_MIXED * now.length,
  };
}

/** Summarises values of a measure, at least one, in any order. */
export function summaryOf(values: readonly number[]): SampleSummary {
  const sorted = ascending(values);
  const [low, high] = bandOf(sorted.length);
  return {
    count: sorted.length,
    median: sorted[indexOf(0.5, sorted.length)] as number,
    low: sorted[low] as number,
    high: sorted[high] as number,
  };
}

/** Indices into ascending values between which 98 % lie. */
function bandOf(count: number): [low: number, high: number] {
  return [indexOf(0.01, count), indexOf(0.99, count)];
}

function indexOf(quantile: number, count: number): number {
  return Math.round(quantile * (count - 1));
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
