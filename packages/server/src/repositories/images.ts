import type { Database } from '../database/database.ts';

type Label = 'normal' | 'defect';
type Split = 'train' | 'test';

export interface ImageRow {
  readonly id: number;
  /** Id of the project. */
  readonly project: number;
  /** Unique in the project, with an image extension, safe as a file name. */
  readonly name: string;
  /** SHA-256 of the content. */
  readonly file: string;
  /** Format of the file, such as `PNG`. */
  readonly format: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly label: Label | null;
  /** Kind of defect; null unless labelled so. */
  readonly kind: string | null;
  readonly split: Split;
  readonly created_at: string;
  /** SHA-256 of the mask, PNG, white where the defect is. It is kept while the image has another label. */
  readonly ground_truth: string | null;
  /** As it was called when it arrived, with its folders. */
  readonly path: string | null;
}

/** What to list. */
export interface ImageFilter {
  readonly label?: Label | 'none' | undefined;
  readonly kind?: string | undefined;
  readonly split?: Split | undefined;
  /** Part of the name, in any case. */
  readonly search?: string | undefined;
}

/** Number of images with the same label and split. */
export interface ImageCount {
  readonly project: number;
  readonly label: Label | null;
  readonly split: Split;
  readonly count: number;
}

type Labelling = Pick<ImageRow, 'label' | 'kind' | 'split'>;

/** The images of projects. Methods that change rows are called inside of `Database.write`. */
export class ImageRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Images of a project by id, those after an id, at most a number of them. */
  list(project: number, filter: ImageFilter, after: number, most: number): ImageRow[] {
    const { where, values } = conditions(project, filter);
    return this.#database.all(
      `SELECT * FROM images WHERE ${where} AND id > ? ORDER BY id LIMIT ?`,
      ...[...values, after, most],
    );
  }

  /** How many there are, over all pages. */
  count(project: number, filter: ImageFilter): number {
    const { where, values } = conditions(project, filter);
    const row = this.#database.get<{ count: number }>(
      `SELECT COUNT(*) AS count FROM images WHERE ${where}`,
      ...values,
    );
    return row?.count ?? 0;
  }

  counts(): ImageCount[] {
    return this.#database.all(
      'SELECT project, label, split, COUNT(*) AS count FROM images GROUP BY project, label, split',
    );
  }

  find(project: number, id: number): ImageRow | undefined {
    return this.#database.get('SELECT * FROM images WHERE project = ? AND id = ?', project, id);
  }

  findFile(project: number, file: string): ImageRow | undefined {
    return this.#database.get('SELECT * FROM images WHERE project = ? AND file = ?', project, file);
  }

  /** Those of some files that a project has. @param files a JSON array of hashes */
  known(project: number, files: string): ImageRow[] {
    return this.#database.all(
      'SELECT * FROM images WHERE project = ? AND file IN (SELECT value FROM json_each(?))',
      ...[project, files],
    );
  }

  /** Images that arrived under a path, with any extension. */
  arrivedAs(project: number, path: string): ImageRow[] {
    return this.#database.all(
      'SELECT * FROM images WHERE project = ? AND path > ? AND path < ? ORDER BY id',
      // A slash is next to a dot.
      ...[project, `${path}.`, `${path}/`],
    );
  }

  /** An image with this content, of any project. */
  findAnywhere(file: string): ImageRow | undefined {
    return this.#database.get('SELECT * FROM images WHERE file = ? LIMIT 1', file);
  }

  /** Hashes of all files: images and ground-truth masks. */
  files(): Set<string> {
    const rows = this.#database.all<{ file: string }>(
      `SELECT file FROM images
       UNION SELECT ground_truth FROM images WHERE ground_truth IS NOT NULL`,
    );
    return new Set(rows.map(({ file }) => file));
  }

  hasName(project: number, name: string): boolean {
    return (
      this.#database.get('SELECT 1 FROM images WHERE project = ? AND name = ?', project, name) !==
      undefined
    );
  }

  /** The highest id of any image; 0 if there are none. */
  latest(): number {
    return this.#database.get<{ id: number | null }>('SELECT MAX(id) AS id FROM images')?.id ?? 0;
  }

  add(row: Omit<ImageRow, 'id' | 'ground_truth'>): void {
    const { project, name, file, format, bytes, width, height, label, kind, split, path } = row;
    this.#database.run(
      `INSERT INTO images
         (project, name, file, format, bytes, width, height, label, kind, split, path, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[project, name, file, format, bytes, width, height, label, kind, split, path],
      row.created_at,
    );
  }

  setLabel(id: number, { label, kind, split }: Labelling): void {
    this.#database.run(
      'UPDATE images SET label = ?, kind = ?, split = ? WHERE id = ?',
      ...[label, kind, split, id],
    );
  }

  /** @param hash null for none */
  setGroundTruth(id: number, hash: string | null): void {
    this.#database.run('UPDATE images SET ground_truth = ? WHERE id = ?', hash, id);
  }

  /** Notes the stream that an image came from. */
  setStream(id: number, stream: number): void {
    this.#database.run('INSERT INTO image_streams (image, stream) VALUES (?, ?)', id, stream);
  }

  /** Images of a stream that nobody has labelled, beyond the newest. @param most of the newest */
  unlabelledOf(stream: number, project: number, most: number): ImageRow[] {
    return this.#database.all(
      `SELECT images.* FROM image_streams JOIN images ON images.id = image
       WHERE stream = ? AND project = ? AND label IS NULL
       ORDER BY id DESC LIMIT -1 OFFSET ?`,
      ...[stream, project, most],
    );
  }

  remove(id: number): void {
    this.#database.run('DELETE FROM images WHERE id = ?', id);
  }
}

function conditions(project: number, { label, kind, split, search }: ImageFilter) {
  const parts: (readonly [string, ...(string | number)[]])[] = [['project = ?', project]];
  if (label === 'none') parts.push(['label IS NULL']);
  else if (label !== undefined) parts.push(['label = ?', label]);
  if (kind !== undefined) parts.push(['kind = ?', kind]);
  if (split !== undefined) parts.push(['split = ?', split]);
  if (search !== undefined) parts.push(['instr(lower(name), lower(?)) > 0', search]);
  return {
    where: parts.map(([text]) => text).join(' AND '),
    values: parts.flatMap(([, ...own]) => own),
  };
}
