import { fail } from '@bigrid/errors';
import type { Calibration } from '../bundle/manifest.ts';
import { ascending } from '../metrics/order.ts';
import {
  type PictureStatistics,
  type StatisticName,
  statisticNames,
} from '../picture-statistics.ts';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';

/** What is compared: the score, and what is measured of the picture itself. */
export type MeasureName = 'score' | StatisticName;

/** What drift takes from one inspection. */
export interface LoggedInspection {
  readonly score: number;
  readonly statistics: PictureStatistics;
}

/** One measure at calibration and of late. */
export interface MeasureDrift {
  readonly name: MeasureName;
  readonly before: SampleSummary;
  readonly now: SampleSummary;
  /** How far the median moved, in standard deviations at calibration; undefined where there was no deviation. */
  readonly shift: number | undefined;
  /** Probability of a distance as large where nothing changed (two-sample Kolmogorov-Smirnov). */
  readonly probability: number;
  readonly moved: boolean;
}

interface SampleSummary {
  readonly count: number;
  readonly median: number;
  /** Between these lie 98 of 100. */
  readonly low: number;
  readonly high: number;
}

/** Of inspections like those at calibration, this share is said to have drifted at the most, over all measures. */
export const FALSE_DRIFT_RATE = 0.01;
const LEAST_INSPECTIONS = 10;
/** Values of a statistic that a manifest keeps. */
const MOST_KEPT = 200;

/** Each statistic over good pictures, ascending; at the most 200 values, evenly chosen. */
export function referenceOf(
  pictures: readonly PictureStatistics[],
): Record<StatisticName, number[]> {
  const valuesOf = (name: StatisticName) => {
    const values = ascending(pictures.map((picture) => picture[name]));
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

/** As many pictures as a reference has values. Which of these were of one picture is not known, nor does it matter. */
export function picturesOf(
  reference: Readonly<Record<StatisticName, readonly number[]>>,
): PictureStatistics[] {
  return reference.brightness.map(
    (_, at) =>
      Object.fromEntries(
        statisticNames.map((name) => [name, reference[name][at]]),
      ) as PictureStatistics,
  );
}

/**
 * Compares inspections with the good pictures of a calibration, measure by measure. Where they come from the same
 * line, independent of each other, any is said to have moved with a probability of at most {@link FALSE_DRIFT_RATE}.
 * @returns those that moved first, by how far
 * @throws DRIFT_UNSUPPORTED for fewer than 10 inspections, and where the calibration has no statistics
 */
export function driftOf(
  { scores, pictures }: Pick<Calibration, 'scores' | 'pictures'>,
  inspections: readonly LoggedInspection[],
): MeasureDrift[] {
  if (pictures === undefined) {
    return fail(
      'DRIFT_UNSUPPORTED',
      'Expected a bundle with statistics of its good pictures but received one from before there were any',
    );
  }
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
        pictures[name],
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
  const { probability } = kolmogorovSmirnov(before, now);
  const [was, is] = [summaryOf(before), summaryOf(now)];
  const deviation = deviationOf(before);
  return {
    name,
    before: was,
    now: is,
    // Rounding leaves that of equal values just above nothing.
    shift:
      deviation > 1e-9 * Math.abs(was.median) ? (is.median - was.median) / deviation : undefined,
    probability,
    moved: probability < FALSE_DRIFT_RATE / (1 + statisticNames.length),
  };
}

/** @param sorted ascending */
function summaryOf(sorted: readonly number[]): SampleSummary {
  const quantile = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
  return {
    count: sorted.length,
    median: quantile(0.5),
    low: quantile(0.01),
    high: quantile(0.99),
  };
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
