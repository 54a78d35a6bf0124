import type { Database } from '../database/database.ts';

export interface StreamRow {
  readonly id: number;
  readonly name: string;
  /** JSON. */
  readonly definition: string;
  /** 1 if it runs, also after a restart of the server; 0 if it was stopped or is finished. */
  readonly is_started: 0 | 1;
  readonly created_at: string;
}

/** The state of a file in a watched folder. */
export interface ImageStamp {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Time of the last change, in ms since 1970. */
  readonly modified: number;
}

/** Streams, and which files of their folders were inspected. Methods that change rows are called inside of `Database.write`. */
export class StreamRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(): StreamRow[] {
    return this.#database.all('SELECT * FROM streams ORDER BY name');
  }

  find(name: string): StreamRow | undefined {
    return this.#database.get('SELECT * FROM streams WHERE name = ?', name);
  }

  add({ name, definition, is_started, created_at }: Omit<StreamRow, 'id'>): void {
    this.#database.run(
      'INSERT INTO streams (name, definition, is_started, created_at) VALUES (?, ?, ?, ?)',
      ...[name, definition, is_started, created_at],
    );
  }

  setDefinition(id: number, definition: string): void {
    this.#database.run('UPDATE streams SET definition = ? WHERE id = ?', definition, id);
  }

  setStarted(id: number, isStarted: boolean): void {
    this.#database.run('UPDATE streams SET is_started = ? WHERE id = ?', isStarted ? 1 : 0, id);
  }

  remove(id: number): void {
    this.#database.run('DELETE FROM streams WHERE id = ?', id);
  }

  /** Whether a file was inspected in its current state. */
  hasImage(id: number, { path, size, modified }: ImageStamp): boolean {
    return (
      this.#database.get(
        'SELECT 1 FROM stream_images WHERE stream = ? AND path = ? AND size = ? AND modified = ?',
        ...[id, escaped(path), size, modified],
      ) !== undefined
    );
  }

  addImage(id: number, { path, size, modified }: ImageStamp): void {
    this.#database.run(
      'INSERT OR REPLACE INTO stream_images VALUES (?, ?, ?, ?, ?)',
      ...[id, escaped(path), size, modified, Date.now()],
    );
  }

  /** Paths of files that were inspected before a time. @param before ms since 1970 */
  imagesBefore(id: number, before: number): string[] {
    return this.#database
      .all<{ path: string }>(
        'SELECT path FROM stream_images WHERE stream = ? AND inspected_at < ?',
        ...[id, before],
      )
      .map(({ path }) => JSON.parse(path));
  }

  removeImage(id: number, path: string): void {
    this.#database.run(
      'DELETE FROM stream_images WHERE stream = ? AND path = ?',
      ...[id, escaped(path)],
    );
  }
}

/** A path that is not UTF-8 has characters that SQLite would replace; JSON escapes them. */
function escaped(path: string): string {
  return JSON.stringify(path);
}
