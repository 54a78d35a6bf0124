import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../../testing/free-port.ts';
import { isInstalled, startStreamServer, useTinyModel } from '../../../../testing/streams.ts';
import { MqttSink } from './mqtt-sink.ts';
import { SinkState } from './sink.ts';

const hasBroker = isInstalled('mosquitto', '-h');
const why = hasBroker ? '' : ' (skipped: mosquitto is not installed)';

const at = useTinyModel();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(at('mqtt-'));
});

/** A broker that asks for a password. */
async function startBroker(port: number): Promise<ChildProcess> {
  const passwords = join(folder, 'passwords');
  execFileSync('mosquitto_passwd', ['-b', '-c', passwords, 'line', 'pass-word']);
  const lines = [`listener ${port} 127.0.0.1`, `password_file ${passwords}`, 'user root'];
  await writeFile(join(folder, 'mosquitto.conf'), lines.join('\n'));
  const broker = spawn('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' });
  onTestFinished(() => {
    broker.kill();
  });
  await expect
    .poll(() => {
      const socket = connectSocket(port, '127.0.0.1');
      return once(socket, 'connect').then(
        () => socket.end() && true,
        () => false,
      );
    })
    .toBe(true);
  return broker;
}

/** Messages as a client receives them. */
async function listen(port: number) {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    username: 'line',
    password: 'pass-word',
  });
  onTestFinished(() => client.endAsync(true));
  const messages: { topic: string; text: string; qos: number; retain: boolean }[] = [];
  client.on('message', (topic, payload, { qos, retain }) => {
    messages.push({ topic, text: payload.toString(), qos, retain });
  });
  await client.subscribeAsync('#', { qos: 2 });
  return messages;
}

let server: Awaited<ReturnType<typeof startStreamServer>>;
beforeAll(async () => {
  server = await startStreamServer(at('data'), [at()], at('part.onnx'));
});
afterAll(() => server.close());

/** Starts a stream of a folder of its own, which is deleted after the test. */
async function startStream(sink: object) {
  const created = await server.post('/v1/streams', {
    name: 'line-1',
    source: { type: 'folder', path: folder },
    model: 'part',
    sinks: [{ type: 'mqtt', username: 'line', password: 'pass-word', ...sink }],
  });
  expect(created).toMatchObject({ status: 201 });
  onTestFinished(async () => {
    await server.delete('/v1/streams/line-1');
  });
  const inspect = (n: number) => copyFile(at(`good/${n}.png`), join(folder, `${n}.png`));
  const read = async () => (await server.get('/v1/streams/line-1')).body;
  return { inspect, read };
}

describe.skipIf(!hasBroker)(`MQTT${why}`, () => {
  test('results are published, and whether the stream is there', async () => {
    const port = await freePort();
    await startBroker(port);
    const messages = await listen(port);
    const sink = { url: `mqtt://127.0.0.1:${port}`, qos: 1, retain: true };
    const { inspect, read } = await startStream(sink);
    await inspect(1);
    const topics = () => messages.map(({ topic }) => topic);
    await expect.poll(topics).toContain('bigrid/line-1');
    const result = messages.find(({ topic }) => topic === 'bigrid/line-1');
    expect(result).toMatchObject({ qos: 1 });
    expect(JSON.parse(result?.text ?? '')).toMatchObject({
      stream: 'line-1',
      image: join(folder, '1.png'),
      verdict: expect.stringMatching(/normal|anomalous/),
    });
    await expect
      .poll(read)
      .toMatchObject({ sinks: [{ delivered: 1, skipped: 0 }], state: { inspected: 1 } });
    // By what responses show of the sink, and what is new about it.
    const test = (given: object) =>
      server.post('/v1/streams/line-1/test', { type: 'mqtt', url: sink.url, ...given });
    const shown = { url: `mqtt://127.0.0.1:${port}/`, topic: 'halls/2' };
    expect(await test(shown)).toMatchObject({ status: 204 });
    await expect.poll(topics).toContain('halls/2/test');
    const text = messages.find(({ topic }) => topic === 'halls/2/test')?.text ?? '';
    expect(JSON.parse(text)).toMatchObject({ type: 'test', stream: 'line-1', model: 'part' });
    expect(await test({ username: 'line', password: 'wrong' })).toMatchObject({
      status: 502,
      body: { code: 'RECEIVER_UNAVAILABLE' },
    });
    // A client that comes later gets what the broker kept.
    const kept = await listen(port);
    await expect.poll(() => kept.length).toBe(2);
    expect(kept).toContainEqual(
      expect.objectContaining({
        topic: 'bigrid/line-1/availability',
        text: 'online',
        retain: true,
      }),
    );
    expect(JSON.stringify(await read())).not.toMatch(/pass-word|"username"/);

    await server.post('/v1/streams/line-1/stop');
    await expect
      .poll(() => messages.at(-1))
      .toMatchObject({ topic: 'bigrid/line-1/availability', text: 'offline' });
  });

  test('drift is told on a topic of its own', async () => {
    const port = await freePort();
    await startBroker(port);
    const messages = await listen(port);
    const definition = {
      type: 'mqtt',
      url: `mqtt://127.0.0.1:${port}`,
      qos: 1,
      retain: false,
      username: 'line',
      password: 'pass-word',
      mostPerSecond: 1,
    } as const;
    const sink = new MqttSink(definition, 'line-1', new SinkState());
    onTestFinished(() => sink.close());
    const alert = {
      type: 'drift',
      at: '2026-11-27T06:00:00.000Z',
      stream: 'line-1',
      model: 'part',
      version: 1,
      drifted: false,
      measures: [],
    } as const;
    await sink.alert(alert);
    const told = () => messages.find(({ topic }) => topic === 'bigrid/line-1/drift')?.text;
    await expect.poll(told).toBe(JSON.stringify(alert));
  });

  test('without a broker images are inspected nevertheless; later it is found', async () => {
    const port = await freePort();
    const { inspect, read } = await startStream({ url: `mqtt://127.0.0.1:${port}`, topic: 'a/b' });
    await inspect(1);
    await expect
      .poll(read)
      .toMatchObject({ state: { inspected: 1 }, sinks: [{ delivered: 0, skipped: 1 }] });
    await expect.poll(read).toMatchObject({
      sinks: [{ trouble: expect.stringMatching(/cannot be reached|connection/i) }],
    });
    await startBroker(port);
    const messages = await listen(port);
    const online = expect.objectContaining({ topic: 'a/b/availability', text: 'online' });
    await expect.poll(() => messages).toContainEqual(online);
    await inspect(2);
    await expect.poll(read).toMatchObject({ sinks: [{ delivered: 1, skipped: 1 }] });
    expect((await read()).sinks[0].trouble).toBeUndefined();
  });

  test('a refused password is in the state, and not the password', async () => {
    const port = await freePort();
    await startBroker(port);
    const url = `mqtt://127.0.0.1:${port}`;
    const { read } = await startStream({ url, password: 'other-word' });
    const trouble = async () => (await read()).sinks[0].trouble;
    await expect.poll(trouble).toMatch(/not authorized/i);
    expect(await trouble()).not.toContain('word');
  });

  test('results above the rate are skipped and counted', async () => {
    const port = await freePort();
    await startBroker(port);
    const messages = await listen(port);
    const sink = { url: `mqtt://127.0.0.1:${port}`, mostPerSecond: 0.01 };
    const { inspect, read } = await startStream(sink);
    for (const n of [1, 2, 3]) await inspect(n);
    await expect
      .poll(read)
      .toMatchObject({ state: { inspected: 3 }, sinks: [{ delivered: 1, skipped: 2 }] });
    expect(messages.filter(({ topic }) => topic === 'bigrid/line-1')).toHaveLength(1);
  });
});
