// The log of runs that the tables of accuracy are made from: a file of JSON lines, appended to, so that what was measured
// outlasts a kill. Of several rows of one run the last counts.

import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

const keyOf = ({ data, configuration, seed }) => `${data} ${configuration} ${seed}`;

export class RunLog {
  #file;
  #fresh;
  #rows;
  #added = new Set();

  /** @param fresh whether rows of before count as none, so that all is run again */
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

  /** The row that makes it needless to run `wanted`, where there is one. */
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

/** What to say of runs that are not run again: a line a configuration, and what to do about it. */
export function describeKnown(rows, file) {
  if (rows.length === 0) return [];
  const groups = Map.groupBy(rows, ({ data, configuration }) => `${data}, ${configuration}`);
  const lines = [...groups].map(([name, own]) => {
    const each = (field) => [...new Set(own.map((row) => row[field]))].join(', ');
    return `  ${name}: seeds ${each('seed')} (${each('date')}, revision ${each('revision')})`;
  });
  return [
    `Not run, for ${file} has them already under this name of a folder:`,
    ...lines,
    'With --fresh they are run again.',
  ];
}
