// The log of runs that the accuracy tables are made from: an append-only file of JSON lines, so that measurements survive
// a kill. If a run has several rows, the last one counts.

import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fillPart } from '../scripts/docs/generated-parts.mjs';

const keyOf = ({ data, configuration, seed }) => `${data} ${configuration} ${seed}`;

export class RunLog {
  #file;
  #fresh;
  #rows;
  #added = new Set();

  /** @param fresh whether to ignore earlier rows, so that everything is run again */
  constructor(file, fresh) {
    this.#file = file;
    this.#fresh = fresh;
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    this.#rows = new Map(lines.map((line) => JSON.parse(line)).map((row) => [keyOf(row), row]));
    mkdirSync(dirname(file), { recursive: true });
  }

  /** The last row of each run. */
  get rows() {
    return [...this.#rows.values()];
  }

  /** Whether anything was run. */
  get hasChanged() {
    return this.#added.size > 0;
  }

  /** The row that makes running `wanted` unnecessary, if there is one. */
  find(wanted) {
    const key = keyOf(wanted);
    return this.#fresh && !this.#added.has(key) ? undefined : this.#rows.get(key);
  }

  add(row) {
    appendFileSync(this.#file, `${JSON.stringify(row)}\n`);
    this.#rows.set(keyOf(row), row);
    this.#added.add(keyOf(row));
  }
}

/** The message about runs that are not repeated: a line per configuration, and what to do. */
export function describeKnown(rows, file) {
  if (rows.length === 0) return [];
  const groups = Map.groupBy(rows, ({ data, configuration }) => `${data}, ${configuration}`);
  const lines = [...groups].map(([name, own]) => {
    const each = (field) => [...new Set(own.map((row) => row[field]))].join(', ');
    return `  ${name}: seeds ${each('seed')} (${each('date')}, revision ${each('revision')})`;
  });
  return [
    `Not run, because ${file} already has these runs under this folder name:`,
    ...lines,
    'Use --fresh to run them again.',
  ];
}

/**
 * Ends a benchmark: lists the runs that were not repeated, and draws its table if there are new ones or none were asked for.
 * @param values its options, with the files `log` and, if a table is wanted, `table`
 * @param part name of the generated part of the table's page
 * @param tables from the rows of the log to that part
 */
export function conclude({ log, known, folders, values, part, tables }) {
  for (const line of describeKnown(known, values.log)) console.log(line);
  if (!values.table) return;
  if (folders.length > 0 && !log.hasChanged) {
    console.log(`Nothing was run: ${values.table} is unchanged.`);
    return;
  }
  const page = readFileSync(values.table, 'utf8');
  writeFileSync(values.table, fillPart(page, part, tables(log.rows)));
}
