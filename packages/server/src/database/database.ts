import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { fail } from '@bigrid/errors';
import { reasonOf } from '@bigrid/node/internal';
import { migrations } from './migrations.ts';

/** Name of the database in the data folder. */
const FILE = 'bigrid.sqlite';
/** How long a write waits for another process that holds the database, in ms. */
const PATIENCE = 5000;
/** Milliseconds between tries. */
const PAUSE = 20;
/** SQLite's primary result codes, which are the lower 8 bits of the extended ones. */
const SQLITE_BUSY = 5;
const SQLITE_IO_ERROR = 10;
const SQLITE_FULL = 13;
const SQLITE_CANNOT_OPEN = 14;
const SQLITE_CORRUPT = 11;
const SQLITE_NOT_A_DATABASE = 26;
const SQLITE_READ_ONLY = 8;

/**
 * The database of a data folder: SQLite with a write-ahead log, each commit flushed to disk before it is acknowledged.
 * Statements block the event loop, so they are short. While another process holds the database, `write` waits with
 * timers rather than with SQLite's own busy timeout, which would block.
 */
export class Database {
  readonly #sqlite: DatabaseSync;

  private constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite;
  }

  /**
   * Opens the database in a folder, creates it if it is missing, and brings an earlier schema up to date.
   * @param folder `:memory:` for one that is not stored
   * @throws DATA_TOO_NEW, DATA_DAMAGED, OUTPUT_UNWRITABLE, STORE_BUSY
   */
  static async open(folder: string): Promise<Database> {
    const path = folder === ':memory:' ? folder : join(folder, FILE);
    return guarded(path, () => {
      const sqlite = new DatabaseSync(path, { enableForeignKeyConstraints: true });
      sqlite.exec('PRAGMA journal_mode = WAL');
      sqlite.exec('PRAGMA synchronous = FULL');
      migrate(sqlite);
      return new Database(sqlite);
    });
  }

  /** All rows of a query. Readers never wait for writers. */
  all<Result extends object>(sql: string, ...values: SQLInputValue[]): Result[] {
    return this.#sqlite.prepare(sql).all(...values) as Result[];
  }

  /** The first row of a query, if there is one. */
  get<Result extends object>(sql: string, ...values: SQLInputValue[]): Result | undefined {
    return this.#sqlite.prepare(sql).get(...values) as Result | undefined;
  }

  /** Runs a statement inside of {@link write}. @returns the number of changed rows */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#sqlite.prepare(sql).run(...values).changes);
  }

  /**
   * Runs a transaction; its changes are on disk when the promise resolves.
   * @param work must be synchronous; it may run again if the database is busy
   * @throws STORE_BUSY if another process holds the database for too long; OUTPUT_UNWRITABLE if the disk is full or read-only
   */
  write<Result>(work: () => Result): Promise<Result> {
    return guarded(FILE, () => {
      this.#sqlite.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#sqlite.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    this.#sqlite.close();
  }
}

/** Applies the migrations that the schema lacks, all or none. @throws DATA_TOO_NEW */
function migrate(sqlite: DatabaseSync): void {
  const { user_version: version } = sqlite.prepare('PRAGMA user_version').get() as {
    user_version: number;
  };
  if (version === migrations.length) return;
  if (version > migrations.length) {
    fail(
      'DATA_TOO_NEW',
      `Expected a data folder with schema ${migrations.length} or older but received schema ${version}`,
    );
  }
  sqlite.exec(`BEGIN IMMEDIATE;
    ${migrations.slice(version).join(';\n')};
    PRAGMA user_version = ${migrations.length};
    COMMIT`);
}

/** Tries again while the database is busy, and turns SQLite's errors into those of the registry. */
async function guarded<Result>(path: string, work: () => Result): Promise<Result> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      return work();
    } catch (error) {
      switch (primaryCode(error)) {
        case SQLITE_BUSY:
          if (performance.now() < end) break;
          return fail('STORE_BUSY', `Expected to write ${path} but another process holds it`, {
            cause: error,
          });
        case SQLITE_IO_ERROR:
        case SQLITE_FULL:
        case SQLITE_CANNOT_OPEN:
        case SQLITE_READ_ONLY:
          return fail(
            'OUTPUT_UNWRITABLE',
            `Expected to write ${path} but received: ${reasonOf(error)}`,
            {
              cause: error,
            },
          );
        case SQLITE_CORRUPT:
        case SQLITE_NOT_A_DATABASE:
          return fail('DATA_DAMAGED', `Expected a database at ${path} but it is damaged`, {
            cause: error,
          });
        default:
          throw error;
      }
    }
    await setTimeout(PAUSE);
  }
}

function primaryCode(error: unknown): number | undefined {
  const { errcode } = Object(error) as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}
