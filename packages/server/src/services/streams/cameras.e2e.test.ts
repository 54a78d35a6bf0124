import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startRtspCamera } from '../../../testing/rtsp-camera.ts';
import { isInstalled, startStreamServer, useTinyModel } from '../../../testing/streams.ts';

const run = promisify(execFile);
const hasFfmpeg = isInstalled('ffmpeg', '-version');
const why = hasFfmpeg ? '' : ' (skipped: ffmpeg is not installed)';

const at = useTinyModel();

/** A camera that sends JPEG images over HTTP, a number of them per second. */
async function startCamera(perSecond: number) {
  const image = await sharp(at('good/0.png')).jpeg().toBuffer();
  const viewers = new Set<ServerResponse>();
  const server = createServer(({ url }, response) => {
    if (url !== '/live?key=secret') return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=frame' });
    viewers.add(response);
    response.on('close', () => viewers.delete(response));
  });
  const timer = setInterval(() => {
    for (const viewer of viewers) {
      viewer.write(
        `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${image.length}\r\n\r\n`,
      );
      viewer.write(image);
      viewer.write('\r\n');
    }
  }, 1000 / perSecond);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const disconnect = () => server.closeAllConnections();
  onTestFinished(() => {
    clearInterval(timer);
    server.close();
    disconnect();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/live?key=secret`, disconnect, viewers };
}

let server: Awaited<ReturnType<typeof startStreamServer>>;
beforeAll(async () => {
  server = await startStreamServer(at('data'), [at()], at('part.onnx'));
});
afterAll(() => server.close());

/** Starts a stream, which is deleted after the test. */
async function startStream(source: object, sinks: object[] = []) {
  const created = await server.post('/v1/streams', { name: 'cam', source, model: 'part', sinks });
  expect(created).toMatchObject({ status: 201 });
  onTestFinished(async () => {
    await server.delete('/v1/streams/cam');
  });
  const read = async () => (await server.get('/v1/streams/cam')).body;
  return { created: created.body, read, state: async () => (await read()).state };
}

describe.skipIf(!hasFfmpeg)(`cameras and videos${why}`, () => {
  let video: string;
  beforeAll(async () => {
    await mkdir(at('videos'));
    video = at('videos', 'line.mp4');
    const pattern = ['-f', 'lavfi', '-i', 'testsrc=size=96x64:rate=10:duration=2'];
    for (const path of [video, at('videos', 'line.ts')]) {
      await run('ffmpeg', ['-loglevel', 'error', ...pattern, '-pix_fmt', 'yuv420p', path]);
    }
  });

  test('every frame of a video is inspected, in order; then the stream is finished', async () => {
    const { state, created } = await startStream({ type: 'video', path: video }, [
      { type: 'lines' },
    ]);
    await expect
      .poll(state, { timeout: 40_000 })
      .toMatchObject({ status: 'finished', inspected: 20, dropped: 0, failed: 0 });
    const day = new Date().toISOString().slice(0, 10);
    const text = await readFile(join(at('data'), created.folder, 'lines', `${day}.jsonl`), 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ image }) => image)).toEqual(
      Array.from({ length: 20 }, (_, n) => `${video}#${n + 1}`),
    );
    expect(lines[0]).toMatchObject({ width: 96, height: 64 });
    // It can be started again.
    await server.post('/v1/streams/cam/start');
    await expect.poll(state, { timeout: 40_000 }).toMatchObject({ status: 'finished' });
  });

  test('fps limits how many frames of a video are inspected', async () => {
    const { state } = await startStream({ type: 'video', path: video, fps: 5 });
    await expect.poll(state, { timeout: 40_000 }).toMatchObject({ status: 'finished' });
    expect(await state()).toMatchObject({ inspected: 10 });
  });

  test.each([
    [
      'a playlist',
      'list.m3u8',
      '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nline.ts\n#EXT-X-ENDLIST\n',
    ],
    ['a list of files', 'list.ffconcat', 'ffconcat version 1.0\nfile line.mp4\n'],
    ['something else', 'text.mp4', 'not a video'],
  ])('%s is no video', async (_, name, content) => {
    const path = at('videos', name);
    await writeFile(path, content);
    const { state } = await startStream({ type: 'video', path });
    await expect
      .poll(state)
      .toMatchObject({ status: 'failed', inspected: 0, reason: expect.stringMatching(/ffmpeg/) });
  });

  test('a camera that is faster than the model has frames dropped, and no backlog', async () => {
    const camera = await startCamera(100);
    const { state } = await startStream({ type: 'mjpeg', url: camera.url });
    await expect
      .poll(async () => (await state()).inspected, { timeout: 40_000 })
      .toBeGreaterThan(9);
    const { dropped, status, framesPerSecond } = await state();
    expect([status, dropped > 0, framesPerSecond > 0]).toEqual(['running', true, true]);
  });

  test('a camera that is lost is opened again; its address stays secret', async () => {
    const camera = await startCamera(5);
    const { state, read, created } = await startStream({ type: 'mjpeg', url: camera.url });
    const inspected = async () => (await state()).inspected;
    await expect.poll(inspected, { timeout: 40_000 }).toBeGreaterThan(0);
    camera.disconnect();
    await expect.poll(state).toMatchObject({ status: 'waiting' });
    const before = await inspected();
    await expect.poll(state).toMatchObject({ status: 'running' });
    await expect.poll(inspected).toBeGreaterThan(before);
    expect(created.source.url).toBe(`http://127.0.0.1:${camera.port}/`);
    expect(JSON.stringify(await read())).not.toContain('secret');
  });

  test('the state says why a camera cannot be opened, without its password', async () => {
    const url = 'rtsp://admin:pass-word@127.0.0.1:9/live?token=abcdef';
    const { state, read } = await startStream({ type: 'rtsp', url });
    await expect
      .poll(state)
      .toMatchObject({ status: 'waiting', reason: expect.stringMatching(/refused/) });
    expect(JSON.stringify(await read())).not.toMatch(/admin|pass-word|abcdef/);
  });

  test('an RTSP camera is read, with its password', async () => {
    const camera = await startRtspCamera('admin', 'pass-word');
    const url = `rtsp://admin:pass-word@127.0.0.1:${camera.port}/live`;
    const { state, read } = await startStream({ type: 'rtsp', url, fps: 5 });
    await expect.poll(state, { timeout: 40_000 }).toMatchObject({ status: 'running' });
    await expect.poll(async () => (await state()).inspected).toBeGreaterThan(4);
    expect((await read()).source.url).toBe(`rtsp://127.0.0.1:${camera.port}/`);
    const { framesPerSecond } = await state();
    expect(framesPerSecond).toBeLessThan(7);
  });

  test('the state says that there is no such camera at the server', async () => {
    const { state } = await startStream({ type: 'usb', device: '/dev/video99' });
    await expect
      .poll(state)
      .toMatchObject({ status: 'waiting', reason: expect.stringMatching(/video99|v4l2/) });
  });

  test('a stream that is stopped leaves no ffmpeg', async () => {
    const camera = await startCamera(5);
    const { state } = await startStream({ type: 'mjpeg', url: camera.url });
    await expect.poll(state, { timeout: 40_000 }).toMatchObject({ status: 'running' });
    expect(camera.viewers.size).toBe(1);
    await server.post('/v1/streams/cam/stop');
    await expect.poll(() => camera.viewers.size).toBe(0);
  });
});

test('without ffmpeg, a camera is refused with what to install', async () => {
  const { PATH } = process.env;
  onTestFinished(() => {
    process.env.PATH = PATH;
  });
  process.env.PATH = '';
  const source = { type: 'rtsp', url: 'rtsp://127.0.0.1/' };
  const { status, body } = await server.post('/v1/streams', { name: 'a', source, model: 'part' });
  expect([status, body.code]).toEqual([501, 'FFMPEG_MISSING']);
  expect(body.remedy).toMatch(/^Install ffmpeg/);
});
