import type { Database } from '../database/database.ts';

export interface AuditRow {
  readonly id: number;
  readonly at: string;
  readonly by: string;
  readonly action: string;
  readonly subject: string;
  /** JSON. */
  readonly details: string;
}

/** What was changed, which is only ever added to. */
export class AuditRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Newest first. @param before id */
  list(before: number, limit: number): AuditRow[] {
    return this.#database.all(
      'SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?',
      before,
      limit,
    );
  }

  /** Called inside of `Database.write`. */
  add({ at, by, action, subject, details }: Omit<AuditRow, 'id'>): void {
    this.#database.run(
      'INSERT INTO audit (at, "by", action, subject, details) VALUES (?, ?, ?, ?, ?)',
      ...[at, by, action, subject, details],
    );
  }
}
