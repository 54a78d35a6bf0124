import { DatabaseSync } from 'node:sqlite';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { ended } from '../../testing/jobs.ts';
import { imageBytes, json, useServer } from '../../testing/server.ts';

const used = useServer();

const START = Date.parse('2026-01-01T00:00:00Z');
const HOUR = 3_600_000;
const timeOf = (at: number) => new Date(at).toISOString();

/** Rows of the log, as an earlier server wrote them. */
function write(rows: readonly Record<string, string | number>[]): void {
  const database = new DatabaseSync(used.at('data', 'bigrid.sqlite'));
  const plain = {
    ...{ model: 'part', version: 1, source: 'http', name: '', score: 1, threshold: 2 },
    ...{ verdict: 'normal', unknown: 0, milliseconds: 30 },
    ...{ brightness: 0.5, contrast: 0.5, sharpness: 0.5, red: 0.3, blue: 0.3 },
  };
  const columns = ['at', ...Object.keys(plain)];
  const add = database.prepare(
    `INSERT INTO inspections (${columns}) VALUES (${columns.map((name) => `:${name}`)})`,
  );
  database.exec('BEGIN');
  for (const row of rows) add.run({ ...plain, ...row });
  database.exec('COMMIT');
  database.close();
}

const get = async (path: string) => {
  const { status, body } = await json(used.server, 'GET', `/v1/models/part/${path}`);
  return { status, ...body };
};
const span = (from: number, to: number) => `from=${timeOf(from)}&to=${timeOf(to)}`;

beforeAll(() => {
  const database = new DatabaseSync(used.at('data', 'bigrid.sqlite'));
  database.prepare('UPDATE model_versions SET created_at = ?').run(timeOf(START));
  database.close();
});

describe('history', () => {
  it('without inspections has empty bins, and what is normal', async () => {
    const history = await get('history?bins=2');
    expect(history.bins).toMatchObject([
      { count: 0, score: null, blue: null },
      { count: 0, score: null, blue: null },
    ]);
    const { calibration } = (await get('versions/1')).manifest;
    expect(history.reference.score.high).toBe(calibration.scores.at(-1));
    const { low, median, high } = history.reference.sharpness;
    expect(calibration.images.sharpness).toEqual(expect.arrayContaining([low, median, high]));
    expect(low).toBeLessThan(median);
  });

  it('counts in bins of equal time, and says where the values lie', async () => {
    write([
      // Of an earlier model with this name.
      { at: START - 1 },
      { at: START, score: 3, verdict: 'anomalous', unknown: 1 },
      { at: START + 1, score: 1, verdict: 'unsure' },
      { at: START + HOUR - 1, score: 2 },
      { at: START + 2 * HOUR, red: 0.4 },
      { at: START + 2 * HOUR, version: 2 },
      { at: START + 2 * HOUR, model: 'other' },
      { at: START + 3 * HOUR },
    ]);
    const { bins, model, version } = await get(
      `history?bins=4&${span(START - HOUR, START + 3 * HOUR)}`,
    );
    expect({ model, version }).toEqual({ model: 'part', version: 1 });
    expect(bins).toMatchObject([
      { from: timeOf(START - HOUR), to: timeOf(START), count: 0 },
      {
        ...{ count: 3, anomalous: 1, unsure: 1, unknown: 1 },
        score: { low: 1, median: 2, high: 3 },
        red: { low: 0.3, median: 0.3, high: 0.3 },
      },
      { count: 0, score: null },
      { count: 1, anomalous: 0, red: { low: 0.4, median: 0.4, high: 0.4 } },
    ]);
    // Without limits: from the first inspection to now.
    const all = (await get('history?bins=1')).bins[0];
    expect(all).toMatchObject({ from: timeOf(START), count: 5 });
  });

  it('samples many inspections, of every camera', async () => {
    const day = START + 24 * HOUR;
    write(
      Array.from({ length: 30_000 }, (_, index) => ({
        // Many at the same time, too.
        at: day + Math.floor(index / 100),
        // Each of thirty cameras in its turn, and one of thirty inspections is in the sample.
        brightness: (index % 30) / 30,
        score: index,
        verdict: index % 3 === 0 ? 'unsure' : 'normal',
      })),
    );
    const { bins } = await get(`history?bins=1&${span(day, day + HOUR)}`);
    expect(bins[0]).toMatchObject({
      count: 30_000,
      unsure: 10_000,
    });
    expect(bins[0].brightness.low).toBe(0);
    expect(bins[0].brightness.median).toBeCloseTo(0.5, 1);
    expect(bins[0].brightness.high).toBeCloseTo(29 / 30);
    const { low, median, high } = bins[0].score;
    expect(Math.abs(low - 300)).toBeLessThan(600);
    expect(Math.abs(median - 15_000)).toBeLessThan(2000);
    expect(Math.abs(high - 29_700)).toBeLessThan(600);
  });

  it('refuses a start after the end, and what does not exist', async () => {
    const reversed = await get(`history?${span(START + 1, START)}`);
    expect(reversed).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
    expect(await get('history?version=7')).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(await get('history?bins=0')).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
  });
});

describe('drift', () => {
  it('is what a job finds in the same images', async () => {
    await json(used.server, 'POST', '/v1/projects', { name: 'dark' });
    await used.server.send('POST', '/v1/models/lamp/versions', used.model);
    const few = await json(used.server, 'GET', '/v1/models/lamp/drift');
    expect([few.status, few.body.code]).toEqual([422, 'DRIFT_UNSUPPORTED']);
    for (let seed = 0; seed < 12; seed++) {
      const image = await sharp(await imageBytes(seed))
        .linear(0.6, 0)
        .png()
        .toBuffer();
      await used.server.send('POST', '/v1/models/lamp/inspect', image);
      const path = `/v1/projects/dark/images?name=${seed}.png`;
      await used.server.send('POST', path, image);
    }
    const { body: job } = await json(used.server, 'POST', '/v1/jobs', {
      ...{ kind: 'drift', project: 'dark', model: 'lamp' },
    });
    const { result } = await ended(used.server, job.id);
    const { body: drift } = await json(used.server, 'GET', '/v1/models/lamp/drift');
    expect(drift).toMatchObject({ drifted: true, inspected: 12 });
    expect(drift.measures[0]).toMatchObject({ moved: true });
    expect(drift).toEqual(result);
    const { body: last } = await json(used.server, 'GET', '/v1/models/lamp/drift?last=10');
    expect(last.inspected).toBe(10);
  });
});
