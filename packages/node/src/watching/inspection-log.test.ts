import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InspectionLog, identify } from './inspection-log.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-log-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const one = { model: '2026-01-01T00:00:00.000Z', bundle: 'one' };
const file = { size: 10, modified: 1_700_000_000_000 };
const result = (name: string, verdict: 'normal' | 'anomalous' = 'normal') => ({
  path: join(folder, name),
  verdict,
});

/** A log with two images. */
async function written(name: string): Promise<string> {
  const path = join(folder, name);
  const log = await InspectionLog.open(path, one);
  await log.append(result('a.png'), file);
  await log.append({ ...result('b.png', 'anomalous'), movedTo: '/bad/b.png' }, file);
  await log.close();
  return path;
}

test('repairs a log truncated anywhere: complete lines stay, the image of the last one is inspected again', async () => {
  const path = await written('cut.jsonl');
  const whole = await readFile(path);
  const first = whole.indexOf('\n') + 1;
  for (let length = 0; length <= whole.length; length++) {
    await writeFile(path, whole.subarray(0, length));
    const log = await InspectionLog.open(path, one);
    const known = ['a.png', 'b.png'].map((name) => log.take(join(folder, name), file)?.valueOf());
    await log.close();
    expect(known).toEqual([
      length >= first ? { verdict: 'normal' } : undefined,
      length === whole.length ? { verdict: 'anomalous', movedTo: '/bad/b.png' } : undefined,
    ]);
    const kept = length === whole.length ? length : length >= first ? first : 0;
    expect((await readFile(path)).equals(whole.subarray(0, kept))).toBe(true);
  }
});

test('zeros that a power cut left at the end are taken away', async () => {
  const path = await written('zeros.jsonl');
  const whole = await readFile(path);
  await appendFile(path, Buffer.alloc(100));
  await (await InspectionLog.open(path, one)).close();
  expect((await readFile(path)).equals(whole)).toBe(true);
});

test('an image is known by its path, size, time and bundle together', async () => {
  const path = await written('known.jsonl');
  const log = await InspectionLog.open(path, one);
  const a = join(folder, 'a.png');
  expect(log.take(a, file)).toEqual({ verdict: 'normal' });
  expect(log.take(a, { ...file, size: 11 })).toBeUndefined();
  expect(log.take(a, { ...file, modified: file.modified + 1 })).toBeUndefined();
  expect(log.take(join(folder, 'c.png'), file)).toBeUndefined();
  // Whoever asks second is told that the first is at it, until it is done or given up.
  expect(log.take(join(folder, 'c.png'), file)).toBe('under way');
  log.forget(join(folder, 'c.png'), file);
  expect(log.take(join(folder, 'c.png'), file)).toBeUndefined();
  await log.append({ path: join(folder, 'c.png'), error: { code: 'IMAGE_UNREADABLE' } }, file);
  expect(log.take(join(folder, 'c.png'), file)).toEqual({ verdict: 'unreadable' });
  await log.close();
  const other = await InspectionLog.open(path, { ...one, bundle: 'two' });
  expect(other.take(a, file)).toBeUndefined();
  await other.close();
});

test('lines that are appended at once do not mix, and hold what else is known', async () => {
  const path = join(folder, 'mixed.jsonl');
  const log = await InspectionLog.open(path, one);
  const more = { brightness: 0.5, note: 'é\n"'.repeat(2000) };
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => log.append({ ...result(`${i}.png`), ...more }, file)),
  );
  await log.close();
  const records = (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records.map(({ path }) => path)).toEqual(
    Array.from({ length: 50 }, (_, i) => join(folder, `${i}.png`)),
  );
  expect(records[49]).toMatchObject({ ...more, ...one, file });
});

test.each([
  ['a note', 'a note'],
  ['another log', `${JSON.stringify({ level: 30, msg: 'x' })}\n`],
  [
    'a log with a foreign line',
    '{"at":"2026-01-01T00:00:00.000Z","path":"a","model":"m","bundle":"b"}\nx\n',
  ],
  ['an image', '\u0089PNG\r\n'],
])('%s is refused and stays as it is', async (_what, content) => {
  const path = join(folder, 'other');
  await writeFile(path, content);
  await expect(InspectionLog.open(path, one)).rejects.toMatchObject({ code: 'LOG_INVALID' });
  expect(await readFile(path, 'utf8')).toBe(content);
});

test('one log is open once at a time; closing gives it back', async () => {
  const path = join(folder, 'held.jsonl');
  const log = await InspectionLog.open(path, one);
  await expect(InspectionLog.open(path, one)).rejects.toMatchObject({ code: 'IN_USE' });
  await log.close();
  await (await InspectionLog.open(path, one)).close();
});

test('folders and devices are no files for a log', async () => {
  for (const path of [folder, '/dev/null']) {
    await expect(InspectionLog.open(path, one)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
  }
  await appendFile(join(folder, 'plain'), '');
  await expect(InspectionLog.open(join(folder, 'plain', 'log'), one)).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
  });
});

test('identifies a model by its bytes and the rule in force', () => {
  const bundle = (byte: number) => ({
    bytes: Uint8Array.of(byte),
    manifest: { createdAt: one.model },
  });
  const ids = [identify(bundle(1)), identify(bundle(2)), identify(bundle(1), { threshold: '0' })];
  expect(new Set(ids.map(({ bundle }) => bundle)).size).toBe(3);
  expect(identify(bundle(1))).toEqual(ids[0]);
  expect(ids[0]?.model).toBe(one.model);
});
