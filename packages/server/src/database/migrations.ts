/**
 * The schema, as the changes that led to it. A migration that was released is never edited: a new one follows it, so that
 * every earlier data folder can be brought up to date. `user_version` of a database is the number of migrations applied.
 */
export const migrations: readonly string[] = [
  `CREATE TABLE models (
     name TEXT PRIMARY KEY,
     active INTEGER,
     latest INTEGER NOT NULL,
     created_at TEXT NOT NULL
   ) STRICT;
   CREATE TABLE model_versions (
     model TEXT NOT NULL REFERENCES models (name) ON DELETE CASCADE,
     version INTEGER NOT NULL,
     file TEXT NOT NULL,
     bytes INTEGER NOT NULL,
     note TEXT NOT NULL,
     settings TEXT NOT NULL,
     created_at TEXT NOT NULL,
     PRIMARY KEY (model, version)
   ) STRICT`,
  `CREATE TABLE projects (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     name TEXT NOT NULL UNIQUE,
     ignored TEXT,
     created_at TEXT NOT NULL
   ) STRICT;
   CREATE TABLE images (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     project INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
     name TEXT NOT NULL COLLATE NOCASE,
     file TEXT NOT NULL,
     format TEXT NOT NULL,
     bytes INTEGER NOT NULL,
     width INTEGER NOT NULL,
     height INTEGER NOT NULL,
     label TEXT CHECK (label IN ('normal', 'defect')),
     kind TEXT,
     split TEXT NOT NULL CHECK (split IN ('train', 'test')),
     created_at TEXT NOT NULL,
     UNIQUE (project, name),
     UNIQUE (project, file)
   ) STRICT;
   CREATE INDEX images_by_file ON images (file)`,
  `CREATE TABLE streams (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     name TEXT NOT NULL UNIQUE,
     definition TEXT NOT NULL,
     is_started INTEGER NOT NULL,
     created_at TEXT NOT NULL
   ) STRICT;
   CREATE TABLE stream_images (
     stream INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
     path TEXT NOT NULL,
     size INTEGER NOT NULL,
     modified INTEGER NOT NULL,
     inspected_at INTEGER NOT NULL,
     PRIMARY KEY (stream, path)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE keys (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     role TEXT NOT NULL,
     salt TEXT NOT NULL,
     hash TEXT NOT NULL,
     created_at TEXT NOT NULL
   ) STRICT`,
  `CREATE TABLE audit (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     at TEXT NOT NULL,
     "by" TEXT NOT NULL,
     action TEXT NOT NULL,
     subject TEXT NOT NULL,
     details TEXT NOT NULL
   ) STRICT`,
  `CREATE TABLE jobs (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     project INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
     kind TEXT NOT NULL,
     request TEXT NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
     tries INTEGER NOT NULL,
     result TEXT,
     error TEXT,
     created_by TEXT NOT NULL,
     created_at TEXT NOT NULL,
     started_at TEXT,
     ended_at TEXT
   ) STRICT;
   CREATE INDEX jobs_by_state ON jobs (state);
   CREATE TABLE job_events (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
     type TEXT NOT NULL,
     data TEXT NOT NULL
   ) STRICT;
   CREATE INDEX job_events_by_job ON job_events (job, id)`,
  `CREATE TABLE inspections (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     at INTEGER NOT NULL,
     model TEXT NOT NULL,
     version INTEGER NOT NULL,
     source TEXT NOT NULL,
     name TEXT NOT NULL,
     score REAL NOT NULL,
     threshold REAL NOT NULL,
     verdict TEXT NOT NULL,
     unknown INTEGER NOT NULL,
     brightness REAL NOT NULL,
     contrast REAL NOT NULL,
     sharpness REAL NOT NULL,
     red REAL NOT NULL,
     blue REAL NOT NULL,
     milliseconds REAL NOT NULL
   ) STRICT;
   CREATE INDEX inspections_by_model ON inspections (model, version, at, verdict, unknown)`,
  `CREATE TABLE image_streams (
     image INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
     stream INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE
   ) STRICT;
   CREATE INDEX image_streams_by_stream ON image_streams (stream)`,
  // A score depends on the areas that the version ignores, but not on its rules.
  `CREATE TABLE scores (
     model TEXT NOT NULL,
     version INTEGER NOT NULL,
     image INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
     score REAL NOT NULL,
     PRIMARY KEY (model, version, image),
     FOREIGN KEY (model, version) REFERENCES model_versions (model, version) ON DELETE CASCADE
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX scores_by_image ON scores (image);
   CREATE TRIGGER scores_of_mask AFTER UPDATE OF settings ON model_versions
   WHEN OLD.settings ->> 'mask' IS NOT NEW.settings ->> 'mask'
   BEGIN
     DELETE FROM scores WHERE model = NEW.model AND version = NEW.version;
   END`,
  'ALTER TABLE images ADD COLUMN ground_truth TEXT',
  'ALTER TABLE projects ADD COLUMN title TEXT',
  'ALTER TABLE images ADD COLUMN path TEXT',
];
