import { copyFile, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { imageBytes } from '../../testing/server.ts';
import { startStreamServer, useTinyModel } from '../../testing/streams.ts';

const at = useTinyModel();

let folder: string;
let data: string;
let camera: string;
beforeEach(async () => {
  folder = await mkdtemp(at('test-'));
  data = join(folder, 'data');
  camera = join(folder, 'camera');
  await mkdir(camera);
});

const start = async (model?: string) => {
  const server = await startStreamServer(data, [camera], model);
  onTestFinished(server.close);
  return server;
};
const good = (n: number) => at('good', `${n}.png`);
const stream = (sinks: object[] = []) => ({
  name: 'line-1',
  source: { type: 'folder', path: camera },
  model: 'part',
  sinks,
});

/** A receiver of results that answers with a status. */
async function receive(status: () => number) {
  // biome-ignore lint/suspicious/noExplicitAny: JSON.
  const taken: any[] = [];
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    const answer = status();
    if (answer < 300) taken.push(JSON.parse(Buffer.concat(chunks).toString()));
    response.writeHead(answer).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`, taken };
}

test('a folder is inspected as images come; results go to all sinks', async () => {
  const server = await start(at('part.onnx'));
  const { url, taken } = await receive(() => 200);
  const sinks = [
    { type: 'lines' },
    { type: 'webhook', url },
    { type: 'folder' },
    { type: 'folder', content: 'heat-map', verdicts: ['anomalous', 'unsure', 'normal'] },
  ];
  const created = await server.post('/v1/streams', stream(sinks));
  expect(created).toMatchObject({ status: 201, body: { name: 'line-1', model: 'part' } });
  expect((await server.post('/v1/streams', stream())).body.code).toBe('STATE_CONFLICT');

  await copyFile(good(1), join(camera, 'a.png'));
  await copyFile(good(2), join(camera, 'b.png'));
  await writeFile(join(camera, 'note.txt'), 'no image');
  await expect.poll(() => taken.length).toBe(2);
  expect(taken[0]).toMatchObject({ stream: 'line-1', model: 'part', version: 1, width: 64 });
  expect(new Set(taken.map(({ image }) => image))).toEqual(
    new Set([join(camera, 'a.png'), join(camera, 'b.png')]),
  );

  await expect
    .poll(async () => (await server.get('/v1/streams/line-1')).body)
    .toMatchObject({
      state: { status: 'running', inspected: 2, dropped: 0, failed: 0 },
      sinks: [
        { delivered: 2 },
        { delivered: 2, waitingBytes: 0 },
        { delivered: 2 },
        { delivered: 2 },
      ],
    });

  const own = join(data, created.body.folder);
  const [file] = await readdir(join(own, 'lines'));
  expect(file).toBe(`${taken[0].at.slice(0, 10)}.jsonl`);
  const lines = (await readFile(join(own, 'lines', file as string), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(taken);
  const kept = await readdir(join(own, 'images', taken[0].verdict));
  const copy = await readFile(join(own, 'images', taken[0].verdict, kept.sort()[0] as string));
  expect(copy).toEqual(await readFile(taken[0].image));
  const [heatMap] = await readdir(join(own, 'heat-maps', taken[0].verdict));
  expect(heatMap).toMatch(/^[^:]+ a\.png\.png$/);

  const { framesPerSecond } = (await server.get('/v1/streams/line-1')).body.state;
  expect(framesPerSecond).toBeGreaterThan(0);
  expect(framesPerSecond).toBeLessThanOrEqual(2 / 0.5);
});

test('after a restart a stream goes on, repeats nothing, and sends what was not sent', async () => {
  const first = await start(at('part.onnx'));
  let status = 503;
  const { url, taken } = await receive(() => status);
  await first.post('/v1/streams', stream([{ type: 'webhook', url }]));
  await copyFile(good(1), join(camera, 'a.png'));
  await expect
    .poll(async () => (await first.get('/v1/streams/line-1')).body)
    .toMatchObject({ state: { inspected: 1 }, sinks: [{ trouble: expect.stringMatching(/503/) }] });
  await first.close();
  await copyFile(good(2), join(camera, 'b.png'));

  status = 200;
  const second = await start();
  await expect
    .poll(() => taken.map(({ image }) => image))
    .toEqual([join(camera, 'a.png'), join(camera, 'b.png')]);
  expect((await second.get('/v1/streams')).body).toMatchObject([{ state: { inspected: 1 } }]);

  expect((await second.post('/v1/streams/line-1/stop')).body.state.status).toBe('stopped');
  await second.close();
  const third = await start();
  expect((await third.get('/v1/streams/line-1')).body.state.status).toBe('stopped');
  expect((await third.post('/v1/streams/line-1/start')).body.state.status).not.toBe('stopped');
  const { body } = await third.get('/v1/streams/line-1');
  expect((await third.delete('/v1/streams/line-1')).status).toBe(204);
  expect((await third.get('/v1/streams/line-1')).body.code).toBe('NOT_FOUND');
  await expect(readdir(join(data, body.folder))).rejects.toThrow('ENOENT');

  const audit = (await third.get('/v1/audit')).body;
  const text = JSON.stringify(audit);
  for (const action of ['create', 'stop', 'start', 'delete']) {
    expect(text).toContain(`{"action":"stream.${action}"`.slice(1));
  }
  expect(text).not.toContain('secret');
});

test('drift is told to a webhook, and by the state of the stream', async () => {
  const server = await start(at('part.onnx'));
  const { url, taken } = await receive(() => 200);
  const state = async () => (await server.get('/v1/streams/line-1')).body.state;
  await server.post('/v1/streams', stream([{ type: 'webhook', url, verdicts: ['unsure'] }]));
  const dark = await sharp(await imageBytes(1))
    .linear(0.6, 0)
    .png()
    .toBuffer();
  for (let n = 0; n < 200; n++) await writeFile(join(camera, `${n}.png`), dark);
  await expect.poll(state, { timeout: 60_000, interval: 500 }).toMatchObject({ inspected: 200 });
  const alert = () => taken.find(({ type }) => type === 'drift');
  await expect.poll(alert).toBeDefined();
  const { at: since, measures, ...rest } = alert();
  expect(rest).toEqual({
    type: 'drift',
    stream: 'line-1',
    model: 'part',
    version: 1,
    drifted: true,
  });
  expect(measures[0]).toMatchObject({ moved: true, now: { count: 100 } });
  expect((await state()).drift).toEqual({ drifted: true, since, measures });
});

test('images go to a project, which keeps the latest that nobody has labelled', async () => {
  const server = await start(at('part.onnx'));
  const verdicts = ['normal', 'unsure', 'anomalous'];
  const sink = { type: 'project', project: 'review', latest: 2, verdicts, mostPerSecond: 100 };
  expect((await server.post('/v1/streams', stream([sink]))).body.code).toBe('NOT_FOUND');
  await server.post('/v1/projects', { name: 'review' });
  await server.send('POST', '/v1/projects/review/images?name=own.png', await imageBytes(90));
  await server.post('/v1/streams', stream([sink, { ...sink, verdicts: undefined }]));
  const images = async () =>
    (await server.get('/v1/projects/review/images')).body.images as {
      readonly id: number;
      readonly name: string;
      readonly label: string | null;
    }[];
  const add = async (n: number) => {
    await copyFile(good(n), join(camera, `${n}.png`));
    await expect
      .poll(async () => (await server.get('/v1/streams/line-1')).body)
      .toMatchObject({ sinks: [{ delivered: n + 1 }, {}] });
  };
  await add(0);
  const [, first] = await images();
  expect(first).toMatchObject({ name: '0.png', label: null });
  const label = { images: [first?.id], label: 'normal' };
  await server.send('PATCH', '/v1/projects/review/images', label);
  for (const n of [1, 2, 3]) await add(n);
  // What a person has labelled, or added, stays.
  expect((await images()).map(({ name }) => name)).toEqual([
    ...['own.png', '0.png', '2.png', '3.png'],
  ]);
  const { body } = await server.get('/v1/streams/line-1');
  expect(body.sinks[1].definition.verdicts).toEqual(['anomalous', 'unsure']);
});

test('an image that cannot be read is reported once it is complete', async () => {
  const server = await start(at('part.onnx'));
  await server.post('/v1/streams', stream([{ type: 'lines' }, { type: 'folder' }]));
  const path = join(camera, 'broken.png');
  await writeFile(path, 'not a PNG');
  const read = async () => (await server.get('/v1/streams/line-1')).body;
  await expect.poll(async () => (await read()).state.failed, { timeout: 30_000 }).toBe(1);
  await copyFile(good(3), path);
  await expect.poll(async () => (await read()).state.inspected).toBe(1);
  await expect.poll(read).toMatchObject({ sinks: [{ delivered: 2 }, { delivered: 1 }] });
});

test('a stream waits for its model and its folder, and says so', async () => {
  const server = await start(at('part.onnx'));
  expect((await server.post('/v1/streams', { ...stream(), model: 'other' })).status).toBe(404);
  await server.post('/v1/streams', stream());
  await server.delete('/v1/models/part');
  await copyFile(good(1), join(camera, 'a.png'));
  const state = async () => (await server.get('/v1/streams/line-1')).body.state;
  await expect
    .poll(state)
    .toMatchObject({ status: 'waiting', reason: expect.stringMatching(/a model/), inspected: 0 });
  await server.addModel(at('part.onnx'));
  await expect.poll(state, { timeout: 30_000 }).toMatchObject({ status: 'running', inspected: 1 });

  // A second stream of the same folder.
  await server.post('/v1/streams', { ...stream(), name: 'line-2' });
  await expect
    .poll(async () => (await server.get('/v1/streams/line-2')).body.state)
    .toMatchObject({ status: 'waiting', reason: expect.stringMatching(/another Bigrid/) });
});

test('clients reach only the folders that the server may read', async () => {
  const server = await start(at('part.onnx'));
  await symlink('/', join(camera, 'root'));
  const elsewhere = [folder, '/', join(camera, '../data'), join(camera, 'root'), '/nowhere'];
  for (const path of elsewhere) {
    const source = { type: 'folder', path };
    const { status, body } = await server.post('/v1/streams', { ...stream(), source });
    expect([path, status, body.code]).toEqual([path, 403, 'PATH_FORBIDDEN']);
  }
  const source = { type: 'folder', path: join(camera, 'missing') };
  const { body } = await server.post('/v1/streams', { ...stream(), source });
  expect(body.code).toBe('PATH_MISSING');
});

test.each([
  { type: 'rtsp', url: 'file:///etc/passwd' },
  { type: 'rtsp', url: 'http://camera/' },
  { type: 'mjpeg', url: 'concat:/etc/passwd' },
  { type: 'mjpeg', url: 'http:/etc/passwd', fps: 0 },
  { type: 'usb', device: '/dev/sda' },
  { type: 'usb', device: '/dev/video0/../sda' },
  { type: 'folder', path: '' },
  { type: 'pipe' },
])('$type $url $device is no source', async (source) => {
  const server = await start();
  const { status, body } = await server.post('/v1/streams', { ...stream(), source });
  expect([status, body.code]).toEqual([400, 'REQUEST_INVALID']);
});

test.each([
  { type: 'webhook', url: 'nowhere' },
  { type: 'webhook', url: 'ftp://host/' },
  { type: 'webhook', url: 'http://user:secret@host/' },
  { type: 'mqtt', url: 'mqtt://user:secret@host' },
  { type: 'mqtt', url: 'mqtt://host', topic: 'line/#' },
  { type: 'opcua', url: 'opc.tcp://user:secret@host', nodes: { score: 'i=1' } },
  { type: 'opcua', url: 'http://host', nodes: { score: 'i=1' } },
  { type: 'opcua', url: 'opc.tcp://host', nodes: {} },
  { type: 'opcua', url: 'opc.tcp://host', nodes: { score: 'Line.Score' } },
  { type: 'lines', days: 0 },
])('$type $url $topic is no sink', async (sink) => {
  const server = await start();
  const { status, body } = await server.post('/v1/streams', stream([sink]));
  expect([status, body.code]).toEqual([400, 'REQUEST_INVALID']);
  expect(JSON.stringify(body)).not.toContain('secret');
});

test('routes, sources and sinks are described', async () => {
  const server = await start();
  const { body } = await server.get('/openapi.json');
  expect(Object.keys(body.paths)).toContain('/v1/streams/{name}/start');
  const sources = JSON.stringify(body.components.schemas);
  for (const type of ['rtsp', 'mjpeg', 'usb', 'video', 'webhook', 'mqtt', 'opcua', 'heat-map']) {
    expect(sources).toContain(`"${type}"`);
  }
});

test('a test message shows whether a webhook accepts results', async () => {
  const server = await start(at('part.onnx'));
  let status = 200;
  const { url, taken } = await receive(() => status);
  await server.post('/v1/streams', stream([{ type: 'webhook', url }]));
  // As responses show it, without the path, which may be a secret.
  const shown = (await server.get('/v1/streams/line-1')).body.sinks[0].definition;
  expect(shown.url).not.toContain('secret');
  expect((await server.post('/v1/streams/line-1/test', shown)).status).toBe(204);
  expect(taken).toMatchObject([{ type: 'test', stream: 'line-1', model: 'part' }]);
  status = 403;
  expect(await server.post('/v1/streams/line-1/test', { type: 'webhook', url })).toMatchObject({
    status: 502,
    body: { code: 'RECEIVER_UNAVAILABLE', error: expect.stringContaining('status 403') },
  });
  const lines = await server.post('/v1/streams/line-1/test', { type: 'lines' });
  expect(lines).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
});
