import { once } from 'node:events';
import type { FailedInspection, Verdict } from '@bigrid/node';
import { formatScore, onOneLine, paint, printable, shorten, table, write } from './output.ts';

/** What is kept of an inspected image: not its pixels. */
export type Row =
  | (Omit<Verdict, 'entry' | 'image' | 'map' | 'ignored'> & {
      /** Where `bigrid watch` moves it to. */
      readonly movedTo?: string;
      /** File of its heat map. */
      readonly heatMap?: string;
    })
  | { readonly path: string; readonly error: { readonly code: string; readonly message: string } };

export function rowOf(outcome: Verdict | FailedInspection): Row {
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    return { path: outcome.path, error: { code, message } };
  }
  const { entry: _, image: __, map: ___, ignored: ____, ...row } = outcome;
  return row;
}

/** Whether the same file would give the same result again: a missing or unreadable file may be readable later. */
export function isLasting(row: Row): boolean {
  return !('error' in row && row.error.code.startsWith('PATH_'));
}

/** How results are printed; `lines` are for people who watch. */
export type Format = 'table' | 'lines' | 'jsonl' | 'json' | 'csv';

/** Prints results as they come; only a table has to wait for the last one. */
export interface ResultPrinter {
  /** Resolves once the reader has room for more. */
  add(row: Row): Promise<void>;
  finish(): Promise<void>;
}

export function printResults(format: Format, signal: AbortSignal): ResultPrinter {
  const put = (text: string) => writeInStep(text, signal);
  let printed = 0;
  switch (format) {
    case 'lines':
      return {
        add: (row) => put(`${onOneLine(verdictLine(row))}\n`),
        finish: async () => {},
      };
    case 'jsonl':
      return {
        add: (row) => put(`${JSON.stringify(row)}\n`),
        finish: async () => {},
      };
    case 'json':
      return {
        add: (row) => put(`${printed++ === 0 ? '[' : ','}\n  ${JSON.stringify(row)}`),
        finish: () => put(printed === 0 ? '[]\n' : '\n]\n'),
      };
    case 'csv':
      return {
        add: (row) => put(`${printed++ === 0 ? `${columns.join(',')}\n` : ''}${csvLine(row)}\n`),
        finish: async () => {
          if (printed === 0) await put(`${columns.join(',')}\n`);
        },
      };
    case 'table': {
      const rows: Row[] = [];
      return {
        add: async (row) => void rows.push(row),
        finish: async () => {
          if (rows.length > 0) await put(`${verdictTable(rows)}\n`);
        },
      };
    }
  }
}

/**
 * Writes to standard output and waits for a slow reader, so that results do not pile up in memory. `run` handles a
 * reader that is gone.
 */
async function writeInStep(text: string, signal: AbortSignal): Promise<void> {
  if (write(process.stdout, text)) return;
  await once(process.stdout, 'drain', { signal }).catch(() => {});
}

/** How an anomalous image is printed, to stand out. */
const ANOMALOUS = 'ANOMALOUS';

const columns = [
  'path',
  'score',
  'threshold',
  'confidence',
  'verdict',
  'isAnomalous',
  'unknown',
  'error',
] as const;

function csvLine(row: Row): string {
  const values: Partial<Record<(typeof columns)[number], unknown>> =
    'error' in row ? { path: row.path, error: row.error.code } : row;
  return csvRow(columns.map((name) => values[name]));
}

/** A line of RFC 4180, without its line end. */
export function csvRow(values: readonly unknown[]): string {
  return values.map((value) => csvValue(String(value ?? ''))).join(',');
}

function csvValue(value: string): string {
  const text = printable(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function verdictTable(rows: readonly Row[]): string {
  const columns = [
    { head: 'path' },
    { head: 'score', align: 'right' },
    { head: 'threshold', align: 'right' },
    { head: 'confidence', align: 'right' },
    { head: 'verdict' },
  ] as const;
  const cells = rows.map((row) => {
    if ('error' in row) return [row.path, '-', '-', '-', 'unreadable'];
    const { score, threshold, confidence } = row;
    return [
      row.path,
      formatScore(score, threshold),
      formatScore(threshold, threshold),
      confidence.toFixed(3),
      shownAs(row),
    ];
  });
  const others = columns
    .slice(1)
    .map(({ head }, column) =>
      Math.max(head.length, ...cells.map((row) => row[column + 1]?.length ?? 0)),
    );
  const left = (process.stdout.columns ?? 80) - others.reduce((sum, width) => sum + width + 2, 0);
  return table(
    columns,
    cells.map(([path = '', ...rest]) => {
      // Programs that read a pipe need whole paths; on a terminal the columns should stay aligned.
      const name = onOneLine(path);
      const shown = process.stdout.isTTY ? shorten(name, Math.max(16, left)) : name;
      return [shown, ...rest].map((cell) => paintRow(rest.at(-1), cell));
    }),
  );
}

/** The verdict comes first, because paths vary in length. */
function verdictLine(row: Row): string {
  const time = new Date().toTimeString().slice(0, 8);
  if ('error' in row) return paintRow('unreadable', `${time}  unreadable  ${row.error.message}`);
  const { path, score, threshold, movedTo } = row;
  const verdict = shownAs(row);
  const arrow = movedTo === undefined ? '' : ` -> ${movedTo}`;
  const parts = [time, verdict.padEnd(10), formatScore(score, threshold), `${path}${arrow}`];
  return paintRow(verdict, parts.join('  '));
}

function shownAs({ verdict, unknown }: Pick<Verdict, 'verdict' | 'unknown'>): string {
  const shown = verdict === 'anomalous' ? ANOMALOUS : verdict;
  return unknown ? `${shown}, unknown` : shown;
}

/** @param verdict from {@link shownAs}, or `unreadable` */
function paintRow(verdict: string | undefined, cell: string): string {
  if (verdict?.startsWith(ANOMALOUS)) return paint(['red', 'bold'], cell);
  return verdict === 'unreadable' || verdict?.startsWith('unsure') ? paint('yellow', cell) : cell;
}
