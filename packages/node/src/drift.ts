import { type Bundle, driftOf, type MeasureDrift } from '@bigrid/inspect';
import { checkArguments, checkRequest } from './requests.ts';
import { type InspectionRecord, readLog } from './watching/read-log.ts';

/** Inspections that are compared where nobody says how many. */
const DEFAULT_LATEST = 100;
/** Inspections that the page shows before them. */
const SHOWN = 1000;

export interface DriftOptions {
  /** How many of the latest inspections are compared. Default 100. */
  readonly last?: number | undefined;
}

/** How the latest inspections differ from the good images at calibration. */
export interface Drift {
  /** Those that moved first, by how far. */
  readonly measures: readonly MeasureDrift[];
  /** Whether any moved. */
  readonly drifted: boolean;
  /** How many inspections were compared, and when they began and ended, UTC. */
  readonly compared: { readonly count: number; readonly from: string; readonly to: string };
  /** The latest inspections, oldest first; more than were compared, for an image of how they went. */
  readonly history: readonly InspectionRecord[];
  /** Lines of the log with other models, and lines that are no inspection. */
  readonly others: number;
  readonly skipped: number;
}

/**
 * Tells whether the latest inspections in a log, and the images in them, still are as at calibration.
 * @param log file that an InspectionLog appended to, as `bigrid inspect --log` does
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
  const measures = driftOf(manifest.calibration, latest);
  return {
    measures,
    drifted: measures.some(({ moved }) => moved),
    compared: {
      count: latest.length,
      from: (latest[0] as InspectionRecord).at,
      to: (latest.at(-1) as InspectionRecord).at,
    },
    history: read.inspections,
    others: read.others,
    skipped: read.skipped,
  };
}
