import type { Database } from '../database/database.ts';

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

interface JobRow {
  readonly id: number;
  /** Id of the project. */
  readonly project: number;
  readonly kind: string;
  /** JSON. */
  readonly request: string;
  readonly state: JobState;
  /** How often it was started since it was last queued by a client. */
  readonly tries: number;
  /** JSON; null unless it is done. */
  readonly result: string | null;
  /** JSON; null unless it failed. */
  readonly error: string | null;
  /** Who asked for it. */
  readonly created_by: string;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
}

type NewJob = Pick<JobRow, 'project' | 'kind' | 'request' | 'created_by' | 'created_at'>;

/** A job with the name of its project. */
export interface NamedJobRow extends JobRow {
  readonly project_name: string;
}

/** What happened to a job. Ids ascend over all jobs. */
export interface JobEventRow {
  readonly id: number;
  readonly type: 'state' | 'progress' | 'log' | 'preview';
  /** JSON. */
  readonly data: string;
}

/** How a job ended. */
export interface JobEnd {
  readonly state: 'done' | 'failed' | 'cancelled';
  /** JSON. */
  readonly result?: string;
  /** JSON. */
  readonly error?: string;
}

export interface JobFilter {
  readonly state?: JobState | undefined;
  readonly kind?: string | undefined;
  /** Id of a project. */
  readonly project?: number | undefined;
}

const NAMED = `SELECT jobs.*, projects.name AS project_name
  FROM jobs JOIN projects ON projects.id = jobs.project`;

/** Jobs and their events. Methods that change rows are called inside of `Database.write`. */
export class JobRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The latest first: those before an id, at most a number of them. */
  list({ state, kind, project }: JobFilter, before: number, most: number): NamedJobRow[] {
    return this.#database.all(
      `${NAMED}
       WHERE jobs.id < ? AND state = ifnull(?, state) AND kind = ifnull(?, kind)
         AND project = ifnull(?, project)
       ORDER BY jobs.id DESC LIMIT ?`,
      ...[before, state ?? null, kind ?? null, project ?? null, most],
    );
  }

  find(id: number): NamedJobRow | undefined {
    return this.#database.get(`${NAMED} WHERE jobs.id = ?`, id);
  }

  /** The jobs in a state, the oldest first. */
  inState(state: JobState): NamedJobRow[] {
    return this.#database.all(`${NAMED} WHERE state = ? ORDER BY jobs.id`, state);
  }

  /** All jobs, and whether they are done. */
  all(): { readonly id: number; readonly isDone: boolean }[] {
    const rows = this.#database.all<Pick<JobRow, 'id' | 'state'>>('SELECT id, state FROM jobs');
    return rows.map(({ id, state }) => ({ id, isDone: state === 'done' }));
  }

  /** Ids of the jobs of a project. */
  ofProject(project: number): number[] {
    const sql = 'SELECT id FROM jobs WHERE project = ?';
    return this.#database.all<Pick<JobRow, 'id'>>(sql, project).map(({ id }) => id);
  }

  isActive(project: number): boolean {
    const sql = "SELECT 1 FROM jobs WHERE project = ? AND state IN ('queued', 'running')";
    return this.#database.get(sql, project) !== undefined;
  }

  /** @returns the id */
  add({ project, kind, request, created_by, created_at }: NewJob): number {
    const row = this.#database.get<{ id: number }>(
      `INSERT INTO jobs (project, kind, request, state, tries, created_by, created_at)
       VALUES (?, ?, ?, 'queued', 0, ?, ?) RETURNING id`,
      ...[project, kind, request, created_by, created_at],
    );
    return (row as { id: number }).id;
  }

  /** Queues a job again. @param tries already made */
  queue(id: number, tries: number): boolean {
    return this.#change(
      `UPDATE jobs SET state = 'queued', tries = ?, error = NULL, ended_at = NULL WHERE id = ?`,
      ...[tries, id],
    );
  }

  /** @returns whether it was queued */
  begin(id: number, at: string): boolean {
    return this.#change(
      `UPDATE jobs SET state = 'running', tries = tries + 1, started_at = ?
       WHERE id = ? AND state = 'queued'`,
      ...[at, id],
    );
  }

  /** @param from the states before. @returns whether it was in one of them */
  end(
    id: number,
    { state, result, error }: JobEnd,
    from: readonly JobState[] = ['queued', 'running'],
  ): boolean {
    return this.#change(
      `UPDATE jobs SET state = ?, result = ?, error = ?, ended_at = ?
       WHERE id = ? AND state IN (${from.map(() => '?')})`,
      ...[state, result ?? null, error ?? null, new Date().toISOString(), id, ...from],
    );
  }

  /** Identifies the latest time that a job was queued. */
  queuing(id: number): number {
    const row = this.#database.get<{ event: number }>(
      `SELECT max(id) AS event FROM job_events
       WHERE job = ? AND type = 'state' AND data ->> 'state' = 'queued'`,
      id,
    );
    return (row as { event: number }).event;
  }

  remove(id: number): void {
    this.#database.run('DELETE FROM jobs WHERE id = ?', id);
  }

  events(id: number, after: number, most: number): JobEventRow[] {
    return this.#database.all(
      'SELECT id, type, data FROM job_events WHERE job = ? AND id > ? ORDER BY id LIMIT ?',
      ...[id, after, most],
    );
  }

  progress(id: number): string | undefined {
    return this.#database.get<{ data: string }>(
      "SELECT data FROM job_events WHERE job = ? AND type = 'progress' ORDER BY id DESC LIMIT 1",
      id,
    )?.data;
  }

  #change(sql: string, ...values: (string | number | null)[]): boolean {
    return this.#database.run(sql, ...values) === 1;
  }

  /** Adds an event. Of the progress of a phase, only the latest is kept; with a loss, the latest of each percent. */
  addEvent(id: number, { type, data }: Omit<JobEventRow, 'id'>): void {
    if (type === 'progress') {
      this.#database.run(
        `DELETE FROM job_events
         WHERE job = ?1 AND type = 'progress' AND data ->> 'phase' = ?2 ->> 'phase'
           AND (data ->> 'loss' IS NULL
             OR 100 * (data ->> 'done') / (data ->> 'total') = 100 * (?2 ->> 'done') / (?2 ->> 'total'))`,
        ...[id, data],
      );
    }
    this.#database.run('INSERT INTO job_events (job, type, data) VALUES (?, ?, ?)', id, type, data);
  }
}
