import type { ImageStatistics, StatisticName } from '@bigrid/node/internal';
import type { Database } from '../database/database.ts';

export interface InspectionRow extends ImageStatistics {
  readonly id: number;
  /** ms since 1970. */
  readonly at: number;
  readonly model: string;
  readonly version: number;
  /** `http`, or `stream:NAME`. */
  readonly source: string;
  /** Name of the image file; empty if it has none. */
  readonly name: string;
  readonly score: number;
  readonly threshold: number;
  readonly verdict: string;
  /** 1 if the image shows something other than the product. */
  readonly unknown: 0 | 1;
  readonly milliseconds: number;
}

/** What to list. */
export interface InspectionFilter {
  readonly model?: string | undefined;
  readonly version?: number | undefined;
  readonly verdict?: string | undefined;
  readonly source?: string | undefined;
  /** Part of the name, in any case. */
  readonly search?: string | undefined;
  /** ms since 1970. */
  readonly from?: number | undefined;
  /** ms since 1970, exclusive. */
  readonly to?: number | undefined;
}

/** The inspections of a version in a time. */
export interface InspectionSpan {
  readonly model: string;
  readonly version: number;
  /** ms since 1970. */
  readonly from: number;
  /** ms since 1970, exclusive. */
  readonly to: number;
}

export interface InspectionCounts {
  readonly count: number;
  readonly anomalous: number;
  readonly unsure: number;
  readonly unknown: number;
}

/** What drift compares of an inspection. */
export type MeasuredRow = Pick<InspectionRow, 'at' | 'score' | StatisticName>;

const MEASURED = 'at, score, brightness, contrast, sharpness, red, blue';
const WITHIN = 'model = ? AND version = ? AND at >= ? AND at < ?';

/** Rows that one statement looks at or deletes: about 10 ms, for which the event loop waits. */
const AT_ONCE = 20_000;

/** Inspections, of which only the newest are kept. Methods that change rows are called inside of `Database.write`. */
export class InspectionRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(row: Omit<InspectionRow, 'id'>): void {
    const { at, model, version, source, name, score, threshold, verdict, unknown } = row;
    const { brightness, contrast, sharpness, red, blue, milliseconds } = row;
    this.#database.run(
      `INSERT INTO inspections
         (at, model, version, source, name, score, threshold, verdict, unknown,
          brightness, contrast, sharpness, red, blue, milliseconds)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[at, model, version, source, name, score, threshold, verdict, unknown],
      ...[brightness, contrast, sharpness, red, blue, milliseconds],
    );
  }

  /** Deletes the oldest beyond a number, not all at once if they are many. */
  prune(most: number): void {
    this.#database.run(
      `DELETE FROM inspections WHERE id <= MIN(
         (SELECT MAX(id) FROM inspections) - ?,
         (SELECT MIN(id) FROM inspections) + ?)`,
      ...[most, AT_ONCE],
    );
  }

  /** The highest id; 0 if there are none. */
  latest(): number {
    return this.#id('MAX');
  }

  /** The lowest id; 0 if there are none. */
  oldest(): number {
    return this.#id('MIN');
  }

  /**
   * Inspections below an id that match, newest first.
   * @param most rows
   * @returns the id to go on below, too: not all that match need be found at once
   */
  list(
    filter: InspectionFilter,
    before: number,
    most: number,
  ): { readonly rows: InspectionRow[]; readonly next: number } {
    const { where, values } = conditions(filter);
    const next = before - AT_ONCE;
    const rows = this.#database.all<InspectionRow>(
      // By id, whatever index the planner would prefer.
      `SELECT * FROM inspections NOT INDEXED WHERE id < ? AND id >= ?${where}
       ORDER BY id DESC LIMIT ?`,
      ...[before, next, ...values, most],
    );
    return { rows, next: rows.length < most ? next : (rows.at(-1) as InspectionRow).id };
  }

  /** Time of the first inspection; undefined if there are none. */
  firstIn(span: InspectionSpan): number | undefined {
    return this.#timeAfter(span, 0);
  }

  /** The same span in pieces, each short enough for one statement. */
  *piecesOf(span: InspectionSpan): Generator<InspectionSpan> {
    for (let { from } = span; ; ) {
      const last = this.#timeAfter({ ...span, from }, AT_ONCE);
      yield { ...span, from, to: last === undefined ? span.to : last + 1 };
      if (last === undefined) return;
      from = last + 1;
    }
  }

  countsIn(span: InspectionSpan): InspectionCounts {
    return this.#database.get<InspectionCounts>(
      `SELECT COUNT(*) AS count,
         COUNT(*) FILTER (WHERE verdict = 'anomalous') AS anomalous,
         COUNT(*) FILTER (WHERE verdict = 'unsure') AS unsure,
         COUNT(*) FILTER (WHERE unknown) AS unknown
       FROM inspections WHERE ${WITHIN}`,
      ...valuesOf(span),
    ) as InspectionCounts;
  }

  /** One of a number of inspections, always the same ones. */
  sampleIn(span: InspectionSpan, oneOf: number): MeasuredRow[] {
    return this.#database.all(
      // Scattered ids: each second, say, may be from another camera.
      `SELECT ${MEASURED} FROM inspections
       WHERE ${WITHIN} AND (id * 2654435761 >> 16 & 65535) % ? = 0`,
      ...[...valuesOf(span), oneOf],
    );
  }

  /** The latest inspections, newest first. */
  latestIn(span: InspectionSpan, most: number): MeasuredRow[] {
    return this.#database.all(
      `SELECT ${MEASURED} FROM inspections WHERE ${WITHIN} ORDER BY at DESC LIMIT ?`,
      ...[...valuesOf(span), most],
    );
  }

  #timeAfter(span: InspectionSpan, others: number): number | undefined {
    return this.#database.get<{ at: number }>(
      `SELECT at FROM inspections WHERE ${WITHIN} ORDER BY at LIMIT 1 OFFSET ?`,
      ...[...valuesOf(span), others],
    )?.at;
  }

  #id(which: 'MIN' | 'MAX'): number {
    const row = this.#database.get<{ id: number | null }>(
      `SELECT ${which}(id) AS id FROM inspections`,
    );
    return row?.id ?? 0;
  }
}

function valuesOf({ model, version, from, to }: InspectionSpan) {
  return [model, version, from, to] as const;
}

function conditions(filter: InspectionFilter) {
  const { model, version, verdict, source, search, from, to } = filter;
  const parts = [
    ['model = ?', model],
    ['version = ?', version],
    ['verdict = ?', verdict],
    ['source = ?', source],
    ['instr(lower(name), lower(?)) > 0', search],
    ['at >= ?', from],
    ['at < ?', to],
  ] as const;
  const given = parts.flatMap(([text, value]) => (value === undefined ? [] : [{ text, value }]));
  return {
    where: given.map(({ text }) => ` AND ${text}`).join(''),
    values: given.map(({ value }) => value),
  };
}
