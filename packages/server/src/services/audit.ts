import { AsyncLocalStorage } from 'node:async_hooks';
import type { Database } from '../database/database.ts';
import { AuditRepository, type AuditRow } from '../repositories/audit.ts';

export const auditActions = [
  'image.change',
  'image.delete',
  'image.label',
  'job.cancel',
  'job.create',
  'job.delete',
  'key.create',
  'key.revoke',
  'model.delete',
  'project.change',
  'project.create',
  'project.delete',
  'project.rename',
  'stream.change',
  'stream.create',
  'stream.delete',
  'stream.start',
  'stream.stop',
  'version.activate',
  'version.add',
  'version.change',
  'version.delete',
] as const;

export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  /** Name of the key, `loopback` without one, or {@link SERVER}. */
  readonly by: string;
  readonly action: (typeof auditActions)[number];
  /** What was changed: the name of a key or model, or `MODEL/VERSION`. */
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Stands for what the server does by itself. */
export const SERVER = 'server';

/** Who acts, so that it need not be passed through every service. */
const actor = new AsyncLocalStorage<string>();

/** Runs work whose changes are recorded under a name. */
export function actAs<Result>(name: string, work: () => Result): Result {
  return actor.run(name, work);
}

/** Who acts at the moment. */
export function currentActor(): string {
  return actor.getStore() ?? SERVER;
}

/** Who changed what, and when. */
export class AuditLog {
  readonly #entries: AuditRepository;

  constructor(database: Database) {
    this.#entries = new AuditRepository(database);
  }

  /** Newest first. @param before id of the oldest entry that is known already */
  list(before: number, limit: number): AuditEntry[] {
    return this.#entries.list(before, limit).map(describe);
  }

  /** Called inside of the same `Database.write` as the change, so that there is neither without the other. */
  record(
    action: AuditEntry['action'],
    subject: string,
    details: Readonly<Record<string, unknown>> = {},
  ): void {
    this.#entries.add({
      at: new Date().toISOString(),
      by: currentActor(),
      action,
      subject,
      details: JSON.stringify(details),
    });
  }
}

function describe({ action, details, ...row }: AuditRow): AuditEntry {
  return { ...row, action: action as AuditEntry['action'], details: JSON.parse(details) };
}
