import {
  type Bundle,
  driftOf,
  type LoggedInspection,
  type Manifest,
  type MeasureDrift,
} from '@bigrid/inspect';
import { checkArguments, checkRequest } from './requests.ts';
import { type InspectionRecord, readLog } from './watching/read-log.ts';

/** Inspections compared by default. */
const DEFAULT_LATEST = 100;
/** Inspections that the page shows. */
const SHOWN = 1000;

export interface DriftOptions {
  /** How many of the latest inspections are compared. Default 100. */
  readonly last?: number | undefined;
}

/** How the latest inspections differ from the good images at calibration. */
export interface Drift {
  /** Measures that moved come first, the largest move first. */
  readonly measures: readonly MeasureDrift[];
  /** Whether any measure moved. */
  readonly drifted: boolean;
  /** Number of inspections compared, and the times of the first and the last, ISO 8601, UTC. */
  readonly compared: { readonly count: number; readonly from: string; readonly to: string };
  /** The latest inspections, oldest first: those compared and earlier ones, to show the trend. */
  readonly history: readonly InspectionRecord[];
  /** Log lines written by other models. */
  readonly others: number;
  /** Log lines without an inspection. */
  readonly skipped: number;
}

/**
 * Tells whether scores and images in the latest inspections of a log still look as they did at calibration.
 * @param log path of an inspection log: JSON Lines, one inspection per line
 * @throws PATH_MISSING, PATH_UNREADABLE, LOG_INVALID; DRIFT_UNSUPPORTED for fewer than 10 inspections with this model,
 *   and for a bundle without statistics
 */
export async function drift(
  bundle: Pick<Bundle, 'manifest'>,
  log: string,
  options: DriftOptions = {},
): Promise<Drift> {
  const { manifest } = Object(bundle) as typeof bundle;
  checkArguments({ manifest, log });
  checkRequest('drift', options);
  const { last = DEFAULT_LATEST } = options;
  const read = await readLog(log, manifest, Math.max(last, SHOWN));
  const latest = read.inspections.slice(-last);
  return {
    ...compareInspections(manifest, latest),
    history: read.inspections,
    others: read.others,
    skipped: read.skipped,
  };
}

/** What is compared of an inspection, with its time, ISO 8601, UTC. */
export interface ComparedInspection extends LoggedInspection {
  readonly at: string;
}

/**
 * As {@link drift}, for inspections that are not in a log file.
 * @param inspections oldest first
 * @throws DRIFT_UNSUPPORTED for fewer than 10
 */
export function compareInspections(
  { calibration }: Pick<Manifest, 'calibration'>,
  inspections: readonly ComparedInspection[],
): Pick<Drift, 'measures' | 'drifted' | 'compared'> {
  const measures = driftOf(calibration, inspections);
  return {
    measures,
    drifted: measures.some(({ moved }) => moved),
    compared: {
      count: inspections.length,
      from: (inspections[0] as ComparedInspection).at,
      to: (inspections.at(-1) as ComparedInspection).at,
    },
  };
}
