import { createHmac, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { fail } from '@bigrid/errors';
import type { Database } from '../database/database.ts';
import { KeyRepository, type KeyRow } from '../repositories/keys.ts';
import { AuditLog } from './audit.ts';
import type { Role } from './roles.ts';

export interface Key {
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
}

export interface NewKey extends Key {
  /** What a client sends. It cannot be shown again: only a hash of it is stored. */
  readonly key: string;
}

/** Who sends a request. */
export interface Caller {
  /** Name of the key, or that of {@link loopback}. */
  readonly name: string;
  readonly role: Role;
}

/** A caller on this machine, while the server needs no keys. */
export const loopback: Caller = { name: 'loopback', role: 'admin' };

/** Name of the key that the server creates for itself. */
const FIRST = 'first-admin';
const SHAPE = /^bigrid_([0-9a-f]{16})_([\w-]{43})$/;
/** 16 MB and some 40 ms per key: enough for a random secret of 256 bits, which cannot be guessed anyhow. */
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 1 };
const HASH_BYTES = 32;

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** Keys, and who has them. */
export class KeyService {
  readonly #database: Database;
  readonly #keys: KeyRepository;
  readonly #audit: AuditLog;
  /** Callers by a keyed hash of their key, so that only its first use waits for scrypt. */
  readonly #known = new Map<string, { readonly id: string; readonly caller: Caller }>();
  /** Keys that are being verified, by the same hash. */
  readonly #verifying = new Map<string, Promise<Caller | undefined>>();
  readonly #pepper = randomBytes(32);

  constructor(database: Database) {
    this.#database = database;
    this.#keys = new KeyRepository(database);
    this.#audit = new AuditLog(database);
  }

  list(): Key[] {
    return this.#keys.list().map(describe);
  }

  /** @throws STATE_CONFLICT if there is a key with this name */
  async create(name: string, role: Role): Promise<NewKey> {
    const id = randomBytes(8).toString('hex');
    const secret = randomBytes(32).toString('base64url');
    const salt = randomBytes(16);
    const hash = await derive(secret, salt, HASH_BYTES, COST);
    const row: KeyRow = {
      id,
      name,
      role,
      salt: salt.toString('hex'),
      hash: hash.toString('hex'),
      created_at: new Date().toISOString(),
    };
    await this.#database.write(() => {
      if (this.#keys.findByName(name)) {
        fail('STATE_CONFLICT', `Expected a new name for a key but received ${name}, which exists`, {
          remedy: 'Choose another name, or revoke that key first.',
        });
      }
      this.#keys.add(row);
      this.#audit.record('key.create', name, { role });
    });
    return { ...describe(row), key: `bigrid_${id}_${secret}` };
  }

  /** Creates a key for the first administrator if there is none. @returns it, or nothing if there is one */
  async createFirst(): Promise<NewKey | undefined> {
    return this.#keys.count('admin') === 0 ? this.create(FIRST, 'admin') : undefined;
  }

  /** Requests with the key are refused from now on. @throws NOT_FOUND; STATE_CONFLICT if no key of an administrator would be left */
  async revoke(name: string): Promise<void> {
    await this.#database.write(() => {
      const row = this.#keys.findByName(name);
      if (!row)
        return fail('NOT_FOUND', `Expected a key but received ${name}, which does not exist`);
      if (row.role === 'admin' && this.#keys.count('admin') === 1) {
        fail(
          'STATE_CONFLICT',
          `Expected to keep a key with the role admin but ${name} is the last one`,
          {
            remedy: 'Create another key with the role admin first.',
          },
        );
      }
      this.#keys.remove(row.id);
      this.#audit.record('key.revoke', name);
    });
    this.#forgetRevoked();
  }

  /** The caller that has a key, if it was verified before. */
  recall(key: string): Caller | undefined {
    return this.#known.get(this.#digest(key))?.caller;
  }

  /** The caller that has a key, or nothing if the key is not valid. Takes tens of milliseconds. */
  verify(key: string): Promise<Caller | undefined> {
    const digest = this.#digest(key);
    const running = this.#verifying.get(digest);
    if (running) return running;
    const verifying = this.#verify(key, digest).finally(() => this.#verifying.delete(digest));
    this.#verifying.set(digest, verifying);
    return verifying;
  }

  async #verify(key: string, digest: string): Promise<Caller | undefined> {
    const [, id = '', secret = ''] = SHAPE.exec(key) ?? [];
    const row = this.#keys.find(id);
    if (!row) return undefined;
    const hash = await derive(secret, Buffer.from(row.salt, 'hex'), HASH_BYTES, COST);
    if (!timingSafeEqual(hash, Buffer.from(row.hash, 'hex'))) return undefined;
    // It may have been revoked meanwhile.
    if (!this.#keys.find(id)) return undefined;
    const { name, role } = describe(row);
    const caller = { name, role };
    this.#known.set(digest, { id, caller });
    return caller;
  }

  #digest(key: string): string {
    return createHmac('sha256', this.#pepper).update(key).digest('base64');
  }

  #forgetRevoked(): void {
    for (const [digest, { id }] of this.#known) {
      if (!this.#keys.find(id)) this.#known.delete(digest);
    }
  }
}

function describe({ name, role, created_at: createdAt }: KeyRow): Key {
  return { name, role: role as Role, createdAt };
}
