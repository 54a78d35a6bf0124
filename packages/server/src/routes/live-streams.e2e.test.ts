import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { eventsAt } from '../../testing/events.ts';
import { json, startServer, type TestServer } from '../../testing/server.ts';
import { useTinyModel } from '../../testing/streams.ts';

const at = useTinyModel();

let camera: string;
let server: TestServer;
beforeEach(async () => {
  const folder = await mkdtemp(at('live-'));
  camera = join(folder, 'camera');
  await mkdir(camera);
  server = await startServer(join(folder, 'data'), { watch: [camera] });
  onTestFinished(() => server.close());
  const added = await server.send(
    ...(['POST', '/v1/models/part/versions', await readFile(at('part.onnx'))] as const),
  );
  expect(added.status).toBe(201);
});

const good = (n: number) => at('good', `${n}.png`);
const path = '/v1/streams/line-1';
const definition = (sinks: object[] = []) => ({
  source: { type: 'folder', path: camera },
  model: 'part',
  sinks,
});

async function startStream(sinks?: object[]) {
  const created = await json(server, 'POST', '/v1/streams', {
    name: 'line-1',
    ...definition(sinks),
  });
  expect(created.status).toBe(201);
}

/** Puts an image into the folder, and waits until it is inspected. */
async function inspect(image: string | Buffer, name: string) {
  const before = (await json(server, 'GET', path)).body.state.inspected;
  const target = join(camera, name);
  await (typeof image === 'string' ? copyFile(image, target) : writeFile(target, image));
  await expect
    .poll(async () => (await json(server, 'GET', path)).body.state.inspected)
    .toBe(before + 1);
}

describe('live', () => {
  test('events tell what a stream inspects, the latest first', async () => {
    await startStream();
    const first = eventsAt(server, `${path}/events`);
    const pending = first.next();
    await inspect(good(1), 'a.png');
    const { value: event } = await pending;
    expect(event).toMatchObject({ id: 1, type: 'inspection' });
    const { inspections } = (await json(server, 'GET', '/v1/inspections')).body;
    const { score, threshold, verdict, milliseconds } = inspections[0];
    expect(event?.data).toEqual({
      ...{
        id: 1,
        image: join(camera, 'a.png'),
        width: 64,
        height: 64,
        score,
        threshold,
        verdict,
        milliseconds,
      },
      ...{ at: expect.any(String), regions: expect.any(Array) },
      ...{ perSecond: expect.any(Number), dropped: 0 },
    });
    await inspect(good(2), 'b.png');
    expect((await first.next()).value?.data.image).toBe(join(camera, 'b.png'));
    const second = eventsAt(server, `${path}/events`);
    expect((await second.next()).value?.id).toBe(2);
    await second.return(undefined);

    // Over a stop and a start, until the stream is deleted.
    await server.send('POST', `${path}/stop`);
    await server.send('POST', `${path}/start`);
    await inspect(good(3), 'c.png');
    expect((await first.next()).value?.id).toBe(3);
    await server.send('DELETE', path);
    expect((await first.next()).done).toBe(true);
    expect((await json(server, 'GET', `${path}/events`)).body.code).toBe('NOT_FOUND');
  });

  test('a server that closes waits for no one who follows', async () => {
    await startStream();
    const events = eventsAt(server, `${path}/events`);
    const pending = events.next();
    await inspect(good(1), 'a.png');
    await pending;
    const over = events.next();
    await server.close();
    expect((await over).done).toBe(true);
  });

  test('the latest image is small, its map the one of an inspection', async () => {
    await startStream();
    const latest = (name: string, headers = {}) =>
      server.send('GET', `${path}/latest/${name}`, undefined, headers);
    for (const name of ['image', 'map']) {
      const none = await latest(name);
      expect([none.status, ((await none.json()) as { code: string }).code]).toEqual([
        404,
        'NOT_FOUND',
      ]);
    }
    const large = await sharp(await readFile(good(1)))
      .resize(1600, 400, { fit: 'fill' })
      .toBuffer();
    await inspect(large, 'a.png');
    const image = await latest('image');
    expect(image.headers.get('content-type')).toBe('image/webp');
    expect(await sharp(await image.arrayBuffer()).metadata()).toMatchObject({
      ...{ format: 'webp', width: 1280, height: 320 },
    });
    const etag = image.headers.get('etag') as string;
    expect(etag).toMatch(/^"1-/);
    const again = await latest('image', { 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);

    const map = await latest('map');
    expect(map.headers.get('etag')).toBe(etag);
    const accept = { accept: 'application/x-npy' };
    const inspected = await server.send('POST', '/v1/models/part/inspect', large, accept);
    const expected = Buffer.from(await inspected.arrayBuffer());
    expect(Buffer.from(await map.arrayBuffer())).toEqual(expected);
    // From now on the stream gives maps by itself.
    await inspect(good(2), 'b.png');
    const next = Buffer.from(await (await latest('map')).arrayBuffer());
    expect(next.length).toBe(expected.length);
    expect(next).not.toEqual(expected);
    // To look is not to inspect.
    expect((await json(server, 'GET', '/v1/inspections')).body.inspections).toHaveLength(3);
  });
});

describe('replace', () => {
  test('a stream goes on with its new definition, and remembers what it inspected', async () => {
    await startStream();
    await inspect(good(1), 'a.png');
    const replaced = await json(server, 'PUT', path, definition([{ type: 'lines' }]));
    expect(replaced).toMatchObject({
      status: 200,
      body: { name: 'line-1', sinks: [{ definition: { type: 'lines' }, delivered: 0 }] },
    });
    await inspect(good(2), 'b.png');
    expect((await json(server, 'GET', path)).body).toMatchObject({
      state: { inspected: 1 },
      sinks: [{ delivered: 1 }],
    });
    const [newest] = (await json(server, 'GET', '/v1/audit')).body;
    expect(newest).toMatchObject({ action: 'stream.change', subject: 'line-1' });
  });

  test('one that is refused leaves the stream as it was', async () => {
    await startStream();
    const codes = [];
    for (const body of [
      { ...definition(), model: 'other' },
      { ...definition(), source: { type: 'folder', path: '/' } },
      { ...definition(), name: 'line-2' },
      { ...definition(), surplus: 1 },
    ]) {
      codes.push((await json(server, 'PUT', path, body)).body.code);
    }
    expect(codes).toEqual(['NOT_FOUND', 'PATH_FORBIDDEN', 'REQUEST_INVALID', 'REQUEST_INVALID']);
    expect((await json(server, 'PUT', '/v1/streams/line-2', definition())).status).toBe(404);
    await inspect(good(1), 'a.png');
  });

  test('URLs as they are shown keep their secrets', async () => {
    const sink = { type: 'webhook', url: 'http://127.0.0.1:9/secret-path' };
    const mqtt = { type: 'mqtt', url: 'mqtt://127.0.0.1:9', username: 'u', password: 'secret' };
    await startStream([sink, mqtt]);
    const shown = (await json(server, 'GET', path)).body.sinks.map(
      ({ definition: one }: { definition: object }) => one,
    );
    expect(JSON.stringify(shown)).not.toContain('secret');
    // In another order, and one of another host.
    const other = { ...sink, url: 'http://127.0.0.1:8/' };
    await json(server, 'PUT', path, definition([shown[1], other, shown[0]]));
    await server.close();
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(join(server.data, 'bigrid.sqlite'));
    const row = database.prepare('SELECT definition FROM streams').get();
    database.close();
    expect(JSON.parse(row?.definition as string).sinks).toMatchObject([mqtt, other, sink]);
  });
});
