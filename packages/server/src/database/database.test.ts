import { mkdir, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { useFolder } from '../../testing/server.ts';
import { Database } from './database.ts';
import { migrations } from './migrations.ts';

const at = useFolder();
let number = 0;

/** A data folder that does not exist before. */
async function newFolder(): Promise<string> {
  const folder = at(`${number++}`);
  await mkdir(folder);
  return folder;
}

async function opened(folder: string): Promise<Database> {
  const database = await Database.open(folder);
  onTestFinished(() => database.close());
  return database;
}

/** The schema, without the order in which it came about. */
function schemaOf(database: Database): unknown {
  return database.all('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name');
}

const addModel = (database: Database, name: string) =>
  database.write(() =>
    database.run('INSERT INTO models (name, latest, created_at) VALUES (?, 0, ?)', name, 'now'),
  );
const names = (database: Database) =>
  database.all<{ name: string }>('SELECT name FROM models').map(({ name }) => name);

describe('Database', () => {
  it('brings every earlier schema up to date and keeps its rows', async () => {
    const current = schemaOf(await opened(await newFolder()));
    for (let version = 1; version <= migrations.length; version++) {
      const folder = await newFolder();
      const earlier = new DatabaseSync(`${folder}/bigrid.sqlite`);
      earlier.exec(`${migrations.slice(0, version).join(';\n')};
        PRAGMA user_version = ${version};
        INSERT INTO models (name, latest, created_at) VALUES ('kept', 3, 'then')`);
      earlier.close();
      const database = await opened(folder);
      expect(schemaOf(database)).toEqual(current);
      expect(names(database)).toEqual(['kept']);
    }
  });

  it('refuses the data folder of a newer version, and leaves it as it is', async () => {
    const folder = await newFolder();
    const newer = new DatabaseSync(`${folder}/bigrid.sqlite`);
    newer.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    newer.close();
    await expect(Database.open(folder)).rejects.toMatchObject({ code: 'DATA_TOO_NEW' });
    const again = new DatabaseSync(`${folder}/bigrid.sqlite`);
    onTestFinished(() => again.close());
    expect(again.prepare('SELECT * FROM sqlite_schema').all()).toEqual([]);
  });

  it('keeps nothing of a transaction that fails', async () => {
    const database = await opened(await newFolder());
    const failing = database.write(() => {
      database.run("INSERT INTO models (name, latest, created_at) VALUES ('half', 0, 'now')");
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(names(database)).toEqual([]);
  });

  it('waits for another process without blocking, and reads meanwhile', async () => {
    const folder = await newFolder();
    const database = await opened(folder);
    const other = new DatabaseSync(`${folder}/bigrid.sqlite`);
    onTestFinished(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    const writing = addModel(database, 'late');
    let turns = 0;
    const turning = setInterval(() => turns++, 5);
    await new Promise((resolve) => setTimeout(resolve, 300));
    clearInterval(turning);
    expect(turns).toBeGreaterThan(10);
    expect(names(database)).toEqual([]);
    other.exec('COMMIT');
    await writing;
    expect(names(database)).toEqual(['late']);
  });

  it('gives up after five seconds', async () => {
    const folder = await newFolder();
    const database = await opened(folder);
    const other = new DatabaseSync(`${folder}/bigrid.sqlite`);
    onTestFinished(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    const started = performance.now();
    await expect(addModel(database, 'never')).rejects.toMatchObject({
      code: 'STORE_BUSY',
      httpStatus: 503,
    });
    expect(performance.now() - started).toBeGreaterThan(4900);
  });

  it('says what stands in its way', async () => {
    const [occupied, damaged] = [await newFolder(), await newFolder()];
    await mkdir(`${occupied}/bigrid.sqlite`);
    await expect(Database.open(occupied)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    await writeFile(
      `${damaged}/bigrid.sqlite`,
      'not a database, whatever its name says'.repeat(99),
    );
    await expect(Database.open(damaged)).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
  });
});
