import type { Database } from '../database/database.ts';

export interface ImageScore {
  /** Id of the image. */
  readonly image: number;
  readonly score: number;
}

/** The scores that versions of models gave to images of projects. Methods that change rows are called inside of `Database.write`. */
export class ScoreRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Of a project by its id, ascending by image. */
  list(project: number, model: string, version: number): ImageScore[] {
    return this.#database.all(
      `SELECT scores.image, scores.score FROM scores JOIN images ON images.id = scores.image
       WHERE scores.model = ? AND scores.version = ? AND images.project = ? ORDER BY scores.image`,
      ...[model, version, project],
    );
  }

  has(model: string, version: number, image: number): boolean {
    const sql = 'SELECT 1 FROM scores WHERE model = ? AND version = ? AND image = ?';
    return this.#database.get(sql, model, version, image) !== undefined;
  }

  /** Adds or replaces a score, unless the image has been deleted. */
  set(model: string, version: number, { image, score }: ImageScore): void {
    this.#database.run(
      'INSERT OR REPLACE INTO scores SELECT ?, ?, id, ? FROM images WHERE id = ?',
      ...[model, version, score, image],
    );
  }
}
