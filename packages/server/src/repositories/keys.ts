import type { Database } from '../database/database.ts';

export interface KeyRow {
  /** The part of the key that is not secret, by which it is found. */
  readonly id: string;
  readonly name: string;
  readonly role: string;
  /** Hexadecimal, as is the hash. */
  readonly salt: string;
  readonly hash: string;
  readonly created_at: string;
}

/** Keys, without what is secret about them. Methods that change rows are called inside of `Database.write`. */
export class KeyRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): KeyRow[] {
    return this.#database.all('SELECT * FROM keys ORDER BY name');
  }

  find(id: string): KeyRow | undefined {
    return this.#database.get('SELECT * FROM keys WHERE id = ?', id);
  }

  findByName(name: string): KeyRow | undefined {
    return this.#database.get('SELECT * FROM keys WHERE name = ?', name);
  }

  /** Number of keys with a role. */
  count(role: string): number {
    const row = this.#database.get<{ count: number }>(
      'SELECT count(*) AS count FROM keys WHERE role = ?',
      role,
    );
    return row?.count ?? 0;
  }

  add({ id, name, role, salt, hash, created_at }: KeyRow): void {
    this.#database.run(
      'INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?)',
      ...[id, name, role, salt, hash, created_at],
    );
  }

  remove(id: string): void {
    this.#database.run('DELETE FROM keys WHERE id = ?', id);
  }
}
