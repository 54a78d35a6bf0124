import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { parse } from 'csv-parse/sync';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  imageBytes,
  json,
  startServer,
  type TestServer,
  useFolder,
  useServer,
} from '../../testing/server.ts';
import type { InspectionPage } from '../services/inspections.ts';

const used = useServer();
const at = useFolder();

const inspect = (body: unknown, path = '/v1/models/part/inspect') =>
  used.server.send('POST', path, body);

async function logged(query = '', server: TestServer = used.server) {
  const { body } = await json(server, 'GET', `/v1/inspections${query}`);
  return body as InspectionPage;
}

/** A form with files of these names, the last one defective. */
async function formOf(names: readonly string[]): Promise<FormData> {
  const form = new FormData();
  for (const [seed, name] of names.entries()) {
    const image = await imageBytes(seed, seed === names.length - 1);
    form.append('file', new Blob([image as Buffer<ArrayBuffer>]), name);
  }
  return form;
}

/** One request of the Open Inference Protocol. */
async function infer(id: string) {
  const data = [(await imageBytes(7)).toString('base64')];
  const inputs = [{ name: 'image', datatype: 'BYTES', shape: [1], data }];
  return inspect({ id, inputs }, '/v2/models/part/infer');
}

describe('the log of inspections', () => {
  it('has what clients had inspected, with the newest first', async () => {
    const { verdict, ...result } = (await (await inspect(await imageBytes(1))).json()) as Record<
      string,
      unknown
    >;
    expect(result).not.toHaveProperty('statistics');
    await (await inspect(await formOf(['a.png', 'b.png']))).text();
    await inspect(Buffer.from('no image'));
    const { inspections, next } = await logged();
    expect(next).toBeNull();
    expect(inspections.map(({ name, source }) => [name, source])).toEqual([
      ['b.png', 'http'],
      ['a.png', 'http'],
      ['', 'http'],
    ]);
    const { score, threshold, milliseconds } = result;
    expect(inspections[2]).toMatchObject({
      ...{ model: 'part', version: 1, score, threshold, verdict, unknown: false, milliseconds },
    });
    expect(inspections[2]?.brightness).toBeGreaterThan(0);
    expect(inspections[2]?.red).toBeCloseTo(1 / 3, 1);
    expect(Math.abs(Date.parse(inspections[2]?.at as string) - Date.now())).toBeLessThan(60_000);
  });

  it('is filtered, and read in pages', async () => {
    const all = (await logged()).inspections;
    const [newest, , oldest] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]];
    const idsOf = async (query: string) => (await logged(query)).inspections.map(({ id }) => id);
    expect(newest.verdict).toBe('anomalous');
    expect(await idsOf('?verdict=anomalous')).toEqual([newest.id]);
    expect(await idsOf('?search=A.P')).toEqual([all[1]?.id]);
    expect(await idsOf('?model=other')).toEqual([]);
    expect(await idsOf('?model=part&version=2')).toEqual([]);
    expect(await idsOf('?source=stream:line-1')).toEqual([]);
    const after = new Date(Date.parse(newest.at) + 1).toISOString();
    expect(await idsOf(`?from=${after}`)).toEqual([]);
    expect(await idsOf(`?to=${oldest.at}`)).toEqual([]);
    expect(await idsOf(`?to=${after}`)).toHaveLength(3);
    const first = await logged('?limit=2');
    expect(first.inspections).toEqual(all.slice(0, 2));
    expect(await logged(`?limit=2&cursor=${first.next}`)).toEqual({
      inspections: all.slice(2),
      next: null,
    });
    expect((await json(used.server, 'GET', '/v1/inspections?from=today')).body.code).toBe(
      'REQUEST_INVALID',
    );
  });

  it('comes as CSV, in which no name is a formula', async () => {
    await (await inspect(await formOf(['=cmd|"x",\n.png']))).text();
    const response = await used.server.send('GET', '/v1/inspections?limit=1', undefined, {
      accept: 'text/csv',
    });
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const rows: Record<string, string>[] = parse(await response.text(), { columns: true });
    const { inspections } = await logged();
    expect(rows).toHaveLength(inspections.length);
    const asText = Object.entries(inspections[1] ?? {}).map(([key, value]) => [key, String(value)]);
    expect(rows[1]).toEqual(Object.fromEntries(asText));
    expect(rows[0]?.name).toMatch(/^'=cmd/);
  });

  it('names requests of the Open Inference Protocol by their ids', async () => {
    expect((await infer('mine')).status).toBe(200);
    expect((await logged('?limit=1')).inspections[0]?.name).toBe('mine');
  });

  it('names an image that is the whole body as the request says', async () => {
    const image = await imageBytes(3);
    for (const query of ['?name=caf%C3%A9%2F1.png', '']) {
      const path = `/v1/models/part/inspect${query}`;
      expect((await json(used.server, 'POST', path, image)).status).toBe(200);
    }
    const { inspections } = await logged('?limit=2');
    expect(inspections.map(({ name }) => name)).toEqual(['', 'café/1.png']);
  });

  it('shortens names', async () => {
    await (await inspect(await formOf([`${'x'.repeat(5000)}.png`]))).text();
    expect((await logged('?limit=1')).inspections[0]?.name).toBe('x'.repeat(1000));
  });

  it('counts in the metrics', async () => {
    const metrics = await (await used.server.send('GET', '/metrics')).text();
    expect(metrics).toMatch(/bigrid_inspections_total\{model="part",verdict="anomalous"\} [1-9]/);
  });
});

async function serverWith(name: string, options: object): Promise<TestServer> {
  const server = await startServer(at(name), { ...options });
  onTestFinished(() => server.close());
  return server;
}

async function addModel(server: TestServer): Promise<void> {
  await server.send('POST', '/v1/models/part/versions', used.model);
}

it('keeps the newest, also over a restart, or none', async () => {
  const first = await startServer(at('few'), { logInspections: 2 });
  await addModel(first);
  for (const seed of [1, 2, 3]) {
    await first.send('POST', '/v1/models/part/inspect', await imageBytes(seed));
    await logged('', first);
  }
  const { inspections } = await logged('', first);
  expect(inspections).toHaveLength(2);
  await first.send('POST', '/v1/models/part/inspect', await imageBytes(4));
  // Before a second is over.
  await first.close();
  const second = await serverWith('few', { logInspections: 0 });
  const kept = (await logged('', second)).inspections;
  expect(kept[1]).toEqual(inspections[0]);
  await second.send('POST', '/v1/models/part/inspect', await imageBytes(5));
  expect((await logged('', second)).inspections).toEqual(kept);
});

it('has the images of streams', async () => {
  await mkdir(at('camera'));
  await writeFile(at('a.png'), await imageBytes(1));
  const server = await serverWith('streams', { watch: [at('camera')] });
  await addModel(server);
  const source = { type: 'folder', path: at('camera') };
  await server.send('POST', '/v1/streams', { name: 'line-1', source, model: 'part' });
  await copyFile(at('a.png'), at('camera', 'a.png'));
  await expect
    .poll(async () => (await logged('?source=stream:line-1', server)).inspections)
    .toMatchObject([{ name: at('camera', 'a.png'), model: 'part' }]);
});

it('goes on while another process holds the database', async () => {
  const server = await serverWith('held', {});
  await addModel(server);
  const other = new DatabaseSync(at('held', 'bigrid.sqlite'));
  other.exec('BEGIN IMMEDIATE');
  const image = await imageBytes(1);
  const held = await server.send('POST', '/v1/models/part/inspect', image);
  expect(held.status).toBe(200);
  other.exec('ROLLBACK');
  other.close();
  expect((await logged('', server)).inspections).toHaveLength(1);
});
