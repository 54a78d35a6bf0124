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
];
