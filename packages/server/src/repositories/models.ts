import type { Database } from '../database/database.ts';

export interface ModelRow {
  readonly name: string;
  /** The version that requests without one get; null if there is none. */
  readonly active: number | null;
  /** The highest version it ever had: numbers are not reused. */
  readonly latest: number;
  readonly created_at: string;
}

export interface ModelVersionRow {
  readonly model: string;
  readonly version: number;
  /** SHA-256 of the model file. */
  readonly file: string;
  readonly bytes: number;
  readonly note: string;
  /** JSON. */
  readonly settings: string;
  readonly created_at: string;
}

/** Models and their versions. Methods that change rows are called inside of `Database.write`. */
export class ModelRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): ModelRow[] {
    return this.#database.all('SELECT * FROM models ORDER BY name');
  }

  find(name: string): ModelRow | undefined {
    return this.#database.get('SELECT * FROM models WHERE name = ?', name);
  }

  versions(name: string): ModelVersionRow[] {
    return this.#database.all(
      'SELECT * FROM model_versions WHERE model = ? ORDER BY version',
      name,
    );
  }

  findVersion(name: string, version: number): ModelVersionRow | undefined {
    return this.#database.get(
      'SELECT * FROM model_versions WHERE model = ? AND version = ?',
      name,
      version,
    );
  }

  /** Hashes of the files that any version has: its model file and its mask. */
  files(): Set<string> {
    const rows = this.#database.all<{ hash: string }>(
      `SELECT file AS hash FROM model_versions
       UNION SELECT settings ->> 'mask' FROM model_versions WHERE settings ->> 'mask' IS NOT NULL`,
    );
    return new Set(rows.map(({ hash }) => hash));
  }

  /** Adds a version with the next number, and the model if it is new. @returns the number */
  add(row: Omit<ModelVersionRow, 'version'>): number {
    const { model, file, bytes, note, settings, created_at } = row;
    this.#database.run(
      `INSERT INTO models (name, latest, created_at) VALUES (?, 1, ?)
       ON CONFLICT DO UPDATE SET latest = latest + 1`,
      model,
      created_at,
    );
    const version = this.find(model)?.latest as number;
    this.#database.run(
      'INSERT INTO model_versions VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[model, version, file, bytes, note, settings, created_at],
    );
    return version;
  }

  activate(name: string, version: number): void {
    this.#database.run('UPDATE models SET active = ? WHERE name = ?', version, name);
  }

  setNote(name: string, version: number, note: string): void {
    this.#database.run(
      'UPDATE model_versions SET note = ? WHERE model = ? AND version = ?',
      note,
      name,
      version,
    );
  }

  setSettings(name: string, version: number, settings: string): void {
    this.#database.run(
      'UPDATE model_versions SET settings = ? WHERE model = ? AND version = ?',
      settings,
      name,
      version,
    );
  }

  removeVersion(name: string, version: number): void {
    this.#database.run('DELETE FROM model_versions WHERE model = ? AND version = ?', name, version);
  }

  remove(name: string): void {
    this.#database.run('DELETE FROM models WHERE name = ?', name);
  }
}
