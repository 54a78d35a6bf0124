import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ReceivedEvent } from '../../testing/events.ts';
import { createProject, ended, eventsOf, follow, tiny } from '../../testing/jobs.ts';
import {
  imageBytes,
  json,
  maskBytes,
  startServer,
  type TestServer,
  useFolder,
} from '../../testing/server.ts';

// Each job starts a process, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const at = useFolder();
let server: TestServer;
const call = (method: string, path: string, body?: unknown) => json(server, method, path, body);
const create = async (kind: string, given: object = {}) =>
  call('POST', '/v1/jobs', { kind, project: 'parts', ...given });
const model = { model: 'parts' };

beforeAll(async () => {
  server = await startServer(at('data'));
  await createProject(server, 'parts');
  const { body } = await create('train', { options: tiny, note: 'first' });
  const job = await ended(server, body.id);
  if (job.state !== 'done') throw new Error(JSON.stringify(job));
});
afterAll(() => server.close());

it('trains a version of a model, which inspects', async () => {
  const { body: job } = await call('GET', '/v1/jobs/1');
  expect(job).toMatchObject({
    state: 'done',
    error: null,
    createdBy: 'loopback',
    request: { kind: 'train', project: 'parts' },
    result: { model: 'parts', version: 1, training: { images: 6, heldOut: 2, seed: 1 } },
  });
  const { body: versions } = await call('GET', '/v1/models/parts');
  expect(versions).toMatchObject([{ version: 1, isActive: true, note: 'first' }]);
  const { body: audit } = await call('GET', '/v1/audit');
  expect(JSON.stringify(audit)).toMatch(/"by":"loopback","action":"version.add"/);
  const inspected = await server.send('POST', '/v1/models/parts/inspect', await imageBytes(3));
  expect(inspected.status).toBe(200);
  // What it worked on is gone; what updates need is kept.
  const left = () => readdir(at('data', 'jobs', '1'));
  await vi.waitFor(async () => expect(await left()).toEqual(['kept']), 10_000);
  expect(await readdir(at('data', 'replays'))).toHaveLength(1);
});

it('sends events as they happen, and those after the last one received', async () => {
  const events = await eventsOf(server, 1);
  const states = events.filter(({ type }) => type === 'state').map(({ data }) => data.state);
  expect(states).toEqual(['queued', 'running', 'done']);
  const progress = events.filter(({ type }) => type === 'progress');
  expect(progress.map(({ data }) => data.phase)).toContain('reading');
  const ids = events.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));

  const middle = events[3] as ReceivedEvent;
  const rest = await eventsOf(server, 1, middle.id);
  expect(rest).toEqual(events.slice(4));
  const last = await server.send('GET', '/v1/jobs/1/events', undefined, {
    'Last-Event-ID': String(ids.at(-1)),
  });
  expect(last.status).toBe(204);
  expect((await server.send('GET', '/v1/jobs/999/events')).status).toBe(404);
});

it('shows maps while a model learns, as long as the job is there', async () => {
  const { body: job } = await create('train', { options: { ...tiny, epochs: 40 }, model: 'shown' });
  const previews: ReceivedEvent[] = [];
  const losses: number[] = [];
  for await (const event of follow(server, job.id)) {
    if (event.type === 'preview') previews.push(event);
    if (event.type === 'progress' && event.data.loss) losses.push(event.data.loss);
  }
  expect(previews.length).toBeGreaterThan(1);
  const steps = previews.map(({ data }) => data.step);
  expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  expect(losses.length).toBeGreaterThan(1);
  // Late readers can draw the curve as well.
  const stored = await eventsOf(server, job.id);
  expect(stored.filter(({ data }) => data.loss && data.phase).length).toBeGreaterThan(1);

  const { body } = await call('GET', '/v1/projects/parts/images?limit=1000');
  const labelOf = new Map(
    body.images.map(({ id, label }: { id: number; label: string }) => [id, label]),
  );
  const last = previews.at(-1)?.data;
  const labels = last.images.map((id: number) => labelOf.get(id));
  expect(labels).toEqual(['normal', 'normal', 'defect', 'defect']);
  expect(last.scale.highest).toBeGreaterThan(last.scale.lowest);
  const highest: number[] = [];
  for (const id of last.images) {
    const map = await server.send('GET', `/v1/jobs/${job.id}/previews/${last.step}/${id}`);
    expect(map.headers.get('content-type')).toBe('application/x-npy');
    const npy = Buffer.from(await map.arrayBuffer());
    expect(npy.toString('latin1')).toContain("'shape': (64, 64)");
    const values = new Float32Array(new Uint8Array(npy.subarray(-4 * 64 * 64)).buffer);
    highest.push(Math.max(...values));
  }
  expect(Math.min(...highest.slice(2))).toBeGreaterThan(Math.max(...highest.slice(0, 2)));

  const path = `/v1/jobs/${job.id}/previews/${last.step}`;
  expect((await call('GET', `${path}/9999`)).body.code).toBe('NOT_FOUND');
  expect((await call('GET', `${path}/..%2Fx`)).body.code).toBe('REQUEST_INVALID');
  expect((await call('DELETE', `/v1/jobs/${job.id}`)).status).toBe(204);
  expect((await call('GET', `${path}/${last.images[0]}`)).status).toBe(404);
  expect(await readdir(at('data', 'jobs'))).not.toContain(String(job.id));
});

it('evaluates a model on the test images, and its maps where they have a ground truth', async () => {
  const { body: defects } = await call('GET', '/v1/projects/parts/images?label=defect');
  for (const { id } of defects.images) {
    await call('PUT', `/v1/projects/parts/images/${id}/ground-truth`, await maskBytes());
  }
  const { body } = await create('evaluate', model);
  const { result } = await ended(server, body.id);
  expect(result.metrics.imageAuroc).toBeGreaterThan(0.5);
  expect(result.withoutMask).toBe(0);
  expect(result.metrics.pixelAuroc).toBeGreaterThan(0.5);
  const images = await call('GET', '/v1/projects/parts/images?split=test');
  const idsOf = (list: { image?: number; id?: number }[]) =>
    list.map(({ image, id }) => image ?? id).sort();
  expect(idsOf(result.images)).toEqual(idsOf(images.body.images));
  expect(result.images.filter(({ kind }: { kind: string }) => kind === 'spot')).toHaveLength(2);
});

it('gives the report of an evaluation, a page that is apart from the server', async () => {
  const { body: job } = await create('evaluate', model);
  expect((await call('GET', `/v1/jobs/${job.id}/report`)).body.code).toBe('NOT_FOUND');
  await ended(server, job.id);
  const response = await server.send('GET', `/v1/jobs/${job.id}/report`);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('content-security-policy')).toMatch(
    /^sandbox allow-scripts; default-src 'none';/,
  );
  const page = await response.text();
  expect(page).toContain('<title>parts, version 1, on parts</title>');
  expect(page.match(/class="card"/g)).toHaveLength(5);
  expect(page).not.toContain(at('data'));
  const left = () => readdir(at('data', 'jobs', String(job.id)));
  await vi.waitFor(async () => expect(await left()).toEqual(['kept']), 10_000);
  const { body: training } = await call('GET', '/v1/jobs/1/report');
  expect(training).toMatchObject({ code: 'NOT_FOUND', remedy: expect.any(String) });
});

it('recalibrates and updates a model, each as a new version that is not active', async () => {
  const calibrated = await create('calibrate', { ...model, options: { threshold: 'sigma:3' } });
  expect((await ended(server, calibrated.body.id)).error).toBeNull();
  const updated = await create('update', { ...model, options: { threads: 1 }, activate: true });
  const job = await ended(server, updated.body.id);
  expect(job.error).toBeNull();
  expect(job.result).toMatchObject({ model: 'parts', version: 3 });
  const { body: versions } = await call('GET', '/v1/models/parts');
  expect(versions.map(({ isActive }: { isActive: boolean }) => isActive)).toEqual([
    ...[false, false, true],
  ]);
});

it('looks for unusual images', async () => {
  const { body } = await create('doctor');
  const { result } = await ended(server, body.id);
  expect(result.findings.map(({ check }: { check: string }) => check)).toContain('readable');
  expect(JSON.stringify(result)).not.toContain(at('data'));
});

it('compares the latest images with those of calibration', async () => {
  const { body } = await create('drift', { ...model, version: 1, options: { last: 10 } });
  const { result, error } = await ended(server, body.id);
  expect(error).toBeNull();
  expect(result).toMatchObject({ inspected: 10, drifted: expect.any(Boolean) });
});

it('refuses jobs that cannot be done', async () => {
  const refused = async (kind: string, given: object) => (await create(kind, given)).body.code;
  expect(await refused('train', { options: { epochs: 0 } })).toBe('REQUEST_INVALID');
  expect(await refused('train', { options: { out: '/etc/passwd' } })).toBe('REQUEST_INVALID');
  expect(await refused('evaluate', { model: 'nothing' })).toBe('NOT_FOUND');
  expect(await refused('train', { project: 'nothing' })).toBe('NOT_FOUND');
  expect(await refused('train', { images: [9999] })).toBe('DATA_EMPTY');
  expect(await refused('paint', {})).toBe('REQUEST_INVALID');
});

it('keeps the error of a job that fails, and tries it again when asked', async () => {
  const options = { ...tiny, grids: 'none', jitter: 0.1 };
  const { body } = await create('train', { options });
  const failed = await ended(server, body.id);
  expect(failed).toMatchObject({
    state: 'failed',
    error: { code: 'OPTION_INVALID', remedy: expect.any(String) },
  });
  expect((await call('POST', `/v1/jobs/${body.id}/cancel`)).status).toBe(409);
  expect((await call('POST', `/v1/jobs/${body.id}/retry`)).status).toBe(200);
  expect((await ended(server, body.id)).state).toBe('failed');
  expect((await call('DELETE', `/v1/jobs/${body.id}`)).status).toBe(204);
  expect((await call('GET', `/v1/jobs/${body.id}`)).status).toBe(404);
  expect(await readdir(at('data', 'jobs'))).not.toContain(String(body.id));
});

it('removes what jobs left along with their project', async () => {
  await createProject(server, 'short');
  const options = { ...tiny, grids: 'none', jitter: 0.1 };
  const { body: job } = await create('train', { project: 'short', options });
  expect((await ended(server, job.id)).state).toBe('failed');
  const folders = () => readdir(at('data', 'jobs'));
  const before = await folders();
  expect(before).toContain(String(job.id));
  expect((await call('DELETE', '/v1/projects/short')).status).toBe(204);
  expect(await folders()).toEqual(before.filter((name) => name !== String(job.id)));
});

it('cancels a job that waits and one that runs, one after the other', async () => {
  const long = { options: { ...tiny, epochs: 10_000 } };
  const [{ body: running }, { body: waiting }] = [
    await create('train', long),
    await create('doctor'),
  ];
  expect((await call('DELETE', '/v1/projects/parts')).body.code).toBe('STATE_CONFLICT');
  for await (const { type } of follow(server, running.id)) if (type === 'progress') break;
  expect((await call('GET', `/v1/jobs/${waiting.id}`)).body.state).toBe('queued');
  expect((await call('POST', `/v1/jobs/${waiting.id}/cancel`)).body.state).toBe('cancelled');
  expect((await call('POST', `/v1/jobs/${running.id}/cancel`)).body.state).toBe('cancelled');
  expect((await call('GET', '/v1/models/parts')).body).toHaveLength(3);
});

it('ends its streams when it stops', async () => {
  const other = await startServer(at('other'));
  await createProject(other, 'parts');
  await json(other, 'POST', '/v1/jobs', { kind: 'train', project: 'parts', options: tiny });
  const events = follow(other, 1);
  await events.next();
  const closed = other.close();
  for await (const _ of events);
  await closed;
});

it('lists jobs in pages, the latest first', async () => {
  const first = await call('GET', '/v1/jobs?limit=2&project=parts&state=done');
  expect(first.body.jobs).toHaveLength(2);
  const next = await call('GET', `/v1/jobs?limit=2&state=done&cursor=${first.body.next}`);
  const ids = [...first.body.jobs, ...next.body.jobs].map(({ id }: { id: number }) => id);
  expect(ids).toEqual([...ids].sort((a, b) => b - a));
  expect(new Set(ids).size).toBe(4);
  const { body } = await call('GET', '/v1/jobs?kind=doctor&state=done');
  expect(body.jobs).toHaveLength(1);
});
