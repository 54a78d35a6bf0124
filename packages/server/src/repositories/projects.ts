import type { Database } from '../database/database.ts';

export interface ProjectRow {
  readonly id: number;
  readonly name: string;
  /** Null for its name. */
  readonly title: string | null;
  /** Areas to ignore, as JSON; null if there are none. */
  readonly ignored: string | null;
  readonly created_at: string;
}

/** Projects. Methods that change rows are called inside of `Database.write`. */
export class ProjectRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): ProjectRow[] {
    return this.#database.all(
      'SELECT * FROM projects ORDER BY COALESCE(title, name) COLLATE NOCASE, name',
    );
  }

  find(name: string): ProjectRow | undefined {
    return this.#database.get('SELECT * FROM projects WHERE name = ?', name);
  }

  add(name: string, title: string | null, createdAt: string): void {
    this.#database.run(
      'INSERT INTO projects (name, title, created_at) VALUES (?, ?, ?)',
      ...[name, title, createdAt],
    );
  }

  setTitle(id: number, title: string): void {
    this.#database.run('UPDATE projects SET title = ? WHERE id = ?', title, id);
  }

  setIgnored(id: number, ignored: string | null): void {
    this.#database.run('UPDATE projects SET ignored = ? WHERE id = ?', ignored, id);
  }

  /** Removes a project with its images. */
  remove(id: number): void {
    this.#database.run('DELETE FROM projects WHERE id = ?', id);
  }
}
