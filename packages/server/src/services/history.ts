import { setImmediate } from 'node:timers/promises';
import { fail } from '@bigrid/errors';
import type { MeasureDrift, MeasureName } from '@bigrid/node';
import {
  compareInspections,
  type SampleSummary,
  statisticNames,
  summaryOf,
} from '@bigrid/node/internal';
import type { Database } from '../database/database.ts';
import {
  type InspectionCounts,
  InspectionRepository,
  type InspectionSpan,
  type MeasuredRow,
} from '../repositories/inspections.ts';
import type { InspectionLog } from './inspections.ts';
import type { DetailedVersion } from './model-version.ts';
import type { ModelService } from './models.ts';

export const measureNames = ['score', ...statisticNames] as const satisfies MeasureName[];

/** Where the values of a measure lie: 98 % between `low` and `high`. */
type Band = Pick<SampleSummary, 'low' | 'median' | 'high'>;

/** The inspections of a part of the time; bands are null without any. */
export type HistoryBin = InspectionCounts &
  Readonly<Record<MeasureName, Band | null>> & { readonly from: string; readonly to: string };

export interface History {
  readonly model: string;
  readonly version: number;
  readonly bins: HistoryBin[];
  /** Of the good images at calibration. */
  readonly reference: Readonly<Record<MeasureName, Band>>;
}

export interface HistoryQuery {
  /** The active one if left out. */
  readonly version?: number | undefined;
  /** ms since 1970; the first inspection if left out. */
  readonly from?: number | undefined;
  /** ms since 1970, exclusive; now if left out. */
  readonly to?: number | undefined;
  readonly bins: number;
}

export interface VersionDrift {
  readonly drifted: boolean;
  readonly measures: MeasureDrift[];
  /** Number of inspections compared. */
  readonly inspected: number;
}

/** Inspections of a bin that its bands are taken from: more would not change what is seen of them. */
const SAMPLE = 1000;

/** What the log of inspections tells about a version over time, and whether it drifts. */
export class HistoryService {
  readonly #inspections: InspectionRepository;
  readonly #log: InspectionLog;
  readonly #models: ModelService;

  constructor(database: Database, log: InspectionLog, models: ModelService) {
    this.#inspections = new InspectionRepository(database);
    this.#log = log;
    this.#models = models;
  }

  /** The inspections of a version in bins of equal time. @throws NOT_FOUND; REQUEST_INVALID if `from` is not before `to` */
  async history(model: string, { version, from, to, bins }: HistoryQuery): Promise<History> {
    const detailed = await this.#detailed(model, version);
    const all = spanOf(detailed);
    const end = to ?? all.to;
    const begin = from ?? Math.min(this.#inspections.firstIn(all) ?? all.from, end - bins);
    if (begin >= end) {
      fail(
        'REQUEST_INVALID',
        `Expected a time before ${iso(end)} as the start but received ${iso(begin)}`,
      );
    }
    const edge = (at: number) => Math.round(begin + (at / bins) * (end - begin));
    const described: HistoryBin[] = [];
    for (let at = 0; at < bins; at++) {
      const span = { ...all, from: edge(at), to: edge(at + 1) };
      described.push(await this.#describe(span, all.from));
    }
    return {
      model,
      version: detailed.version,
      bins: described,
      reference: bandsOf((name) => referenceValues(detailed, name)),
    };
  }

  /**
   * Compares the latest inspections of a version with the good images of its calibration.
   * @throws NOT_FOUND; DRIFT_UNSUPPORTED for fewer than 10 inspections
   */
  async drift(model: string, version: number | undefined, last: number): Promise<VersionDrift> {
    const detailed = await this.#detailed(model, version);
    const latest = this.#inspections
      .latestIn(spanOf(detailed), last)
      .reverse()
      .map(({ at, score, ...statistics }) => ({ at: iso(at), score, statistics }));
    const { drifted, measures, compared } = compareInspections(detailed.manifest, latest);
    return { drifted, measures: [...measures], inspected: compared.count };
  }

  /** The version, once the log has what was inspected. */
  async #detailed(model: string, asked: number | undefined): Promise<DetailedVersion> {
    const { version } = this.#models.version(model, asked);
    await this.#log.flush();
    return this.#models.detailed(model, version);
  }

  /** @param since when the version was added */
  async #describe({ from, to, ...version }: InspectionSpan, since: number): Promise<HistoryBin> {
    const pieces = [...this.#inspections.piecesOf({ ...version, from: Math.max(from, since), to })];
    const counts = { count: 0, anomalous: 0, unsure: 0, unknown: 0 };
    for (const piece of pieces) {
      const own = this.#inspections.countsIn(piece);
      for (const name of Object.keys(counts) as (keyof InspectionCounts)[]) {
        counts[name] += own[name];
      }
      // Statements block the event loop: others have their turn between them.
      await setImmediate();
    }
    const rows: MeasuredRow[] = [];
    for (const piece of pieces) {
      rows.push(...this.#inspections.sampleIn(piece, Math.ceil(counts.count / SAMPLE) || 1));
      await setImmediate();
    }
    const bands = bandsOf((name) => rows.map((row) => row[name]));
    return { from: iso(from), to: iso(to), ...counts, ...bands };
  }
}

/** All inspections since a version was added: an earlier model of this name may have had its number. */
function spanOf({ model, version, createdAt }: DetailedVersion): InspectionSpan {
  return { model, version, from: Date.parse(createdAt), to: Date.now() + 1 };
}

function referenceValues(
  { manifest: { calibration } }: DetailedVersion,
  name: MeasureName,
): readonly number[] {
  return name === 'score' ? calibration.scores : calibration.images[name];
}

function bandsOf(valuesOf: (name: MeasureName) => readonly number[]) {
  return Object.fromEntries(
    measureNames.map((name) => {
      const values = valuesOf(name);
      if (values.length === 0) return [name, null];
      const { low, median, high } = summaryOf(values);
      return [name, { low, median, high }];
    }),
  ) as Record<MeasureName, Band>;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
