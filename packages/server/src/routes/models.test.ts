import { mkdir, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { imageBytes, startServer, tinyModel, useServer } from '../../testing/server.ts';

const used = useServer();
const send: typeof used.server.send = (...request) => used.server.send(...request);
/** Of a response's JSON. */
// biome-ignore lint/suspicious/noExplicitAny: each test states what it expects
type Fields = Record<string, any>;

const json = async (...request: Parameters<typeof send>) => {
  const response = await send(...request);
  const fields: Fields = { status: response.status, ...((await response.json()) as Fields) };
  return fields;
};
const inspected = async (path = 'part') =>
  json('POST', `/v1/models/${path}/inspect`, await imageBytes(50));

let second: Buffer;
beforeAll(async () => {
  second = await tinyModel(1);
});

describe('models', () => {
  it('adds versions, activates them, and rolls back', async () => {
    const first = await inspected();
    expect(first).toMatchObject({ status: 200, model: 'part', version: 1 });
    const added = await json('POST', '/v1/models/part/versions?note=new&activate=false', second);
    expect(added).toMatchObject({ status: 201, version: 2, isActive: false, note: 'new' });
    expect(await inspected()).toMatchObject({ version: 1, score: first.score });
    const other = await inspected('part/versions/2');
    expect(other).toMatchObject({ version: 2 });
    expect(other.score).not.toBe(first.score);

    expect(await json('POST', '/v1/models/part/versions/2/activate')).toMatchObject({
      isActive: true,
      isLoaded: true,
    });
    expect(await inspected()).toMatchObject({ version: 2, score: other.score });
    await send('POST', '/v1/models/part/versions/1/activate');
    expect(await inspected()).toMatchObject({ version: 1, score: first.score });

    expect((await send('DELETE', '/v1/models/part/versions/2')).status).toBe(204);
    expect(await inspected('part/versions/2')).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    const next = await json('POST', '/v1/models/part/versions?activate=false', second);
    expect(next.version).toBe(3);
  });

  it('does not delete the active version, but deletes the model', async () => {
    await send('POST', '/v1/models/other/versions', second);
    expect(await json('DELETE', '/v1/models/other/versions/1')).toMatchObject({
      status: 409,
      code: 'STATE_CONFLICT',
    });
    expect((await send('DELETE', '/v1/models/other')).status).toBe(204);
    expect((await send('GET', '/v1/models/other')).status).toBe(404);
  });

  it('changes rules without a restart, from the next inspection on', async () => {
    const settings = '/v1/models/part/versions/1/settings';
    expect(await json('PUT', settings, { threshold: '1e6', unsure: '0' })).toMatchObject({
      status: 200,
      settings: { threshold: '1e6', unsure: '0' },
    });
    expect(await inspected()).toMatchObject({ threshold: 1e6, verdict: 'unsure' });
    for (const [body, code] of [
      [{ threshold: 'no rule' }, 'OPTION_INVALID'],
      [{ threshold: 'max-fpr:0.001' }, 'THRESHOLD_UNSUPPORTED'],
      [{ threshold: '1', unsure: '2' }, 'OPTION_INVALID'],
      [{ threshold: 1 }, 'REQUEST_INVALID'],
      [{ thresholds: '1' }, 'REQUEST_INVALID'],
    ] as const) {
      expect(await json('PUT', settings, body)).toMatchObject({ code });
    }
    expect(await inspected()).toMatchObject({ threshold: 1e6 });
    await json('PUT', settings, {});
    expect((await inspected()).threshold).toBeLessThan(1e6);
  });

  it('describes a version by what judges now', async () => {
    const one = '/v1/models/part/versions/1';
    const before = await json('GET', one);
    expect(before).toMatchObject({ status: 200, model: 'part', version: 1, isActive: true });
    const { scores, threshold, rule } = before.manifest.calibration;
    expect(scores.length).toBeGreaterThan(1);
    expect((await inspected()).threshold).toBe(threshold);
    expect(before.promise).toMatch(/^Expect at most about 1 in \d+ normal images above it/);
    expect(before.asTrained).toEqual({ threshold: rule, unsure: 'none' });

    await json('PUT', `${one}/settings`, { threshold: '1', unsure: '0' });
    const after = await json('GET', one);
    const { calibration } = after.manifest;
    expect(calibration).toMatchObject({ threshold: 1, unsure: { threshold: 0 }, scores });
    expect(after.promise).not.toBe(before.promise);
    expect(after.asTrained).toEqual(before.asTrained);
    await json('PUT', `${one}/settings`, {});
    expect((await json('GET', one)).manifest.calibration).toMatchObject({ threshold, rule });
    expect(await json('GET', '/v1/models/part/versions/99')).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('gives a model file back as it was sent, once', async () => {
    const file = '/v1/models/part/versions/1/file';
    const response = await send('GET', file);
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="part-1.onnx"');
    expect(response.headers.get('content-length')).toBe(String(used.model.length));
    expect(Buffer.from(await response.arrayBuffer()).equals(used.model)).toBe(true);
    const etag = response.headers.get('etag') as string;
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await send('GET', file, undefined, { 'if-none-match': known });
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
    const other = await send('GET', file, undefined, { 'if-none-match': '"other"' });
    expect(other.status).toBe(200);
    await other.body?.cancel();
    expect((await send('GET', '/v1/models/part/versions/99/file')).status).toBe(404);
  });

  it('changes the note of a version, and nothing else', async () => {
    const one = '/v1/models/part/versions/1';
    const { manifest: _, promise: __, asTrained: ___, ...before } = await json('GET', one);
    const note = 'new lamp, line 3';
    const changed = await json('PATCH', '/v1/models/part/versions/1', { note });
    expect(changed).toEqual({ ...before, note });
    for (const body of [{}, { note: 1 }, { note, file: 'x' }, { note: 'x'.repeat(1001) }]) {
      expect(await json('PATCH', '/v1/models/part/versions/1', body)).toMatchObject({
        code: 'REQUEST_INVALID',
      });
    }
    expect(await json('PATCH', '/v1/models/part/versions/99', { note })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('ignores the area of a mask', async () => {
    const mask = '/v1/models/part/versions/1/mask';
    const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#000' } })
      .composite([
        {
          input: { create: { width: 4, height: 8, channels: 3, background: '#fff' } },
          left: 0,
          top: 0,
        },
      ])
      .png()
      .toBuffer();
    const map = async () => {
      const headers = { accept: 'application/x-npy' };
      const response = await send('POST', '/v1/models/part/inspect', await imageBytes(50), headers);
      const array = Buffer.from(await response.arrayBuffer());
      return array.subarray(-4 * 256).readFloatLE(0);
    };
    expect(await map()).toBeGreaterThan(0);
    expect(await json('PUT', mask, bytes)).toMatchObject({ status: 200 });
    expect(await map()).toBe(0);
    const white = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    expect(await json('PUT', mask, white)).toMatchObject({ code: 'OPTION_INVALID' });
    expect(await json('PUT', mask, Buffer.from('x'))).toMatchObject({ code: 'IMAGE_UNREADABLE' });
    expect(await json('DELETE', mask)).toMatchObject({ status: 200, settings: {} });
    expect(await map()).toBeGreaterThan(0);
  });

  it('refuses files that are no models, and shows nothing of them', async () => {
    const cut = used.model.subarray(0, used.model.length / 2);
    for (const body of [Buffer.from('no model'), cut]) {
      expect(await json('POST', '/v1/models/broken/versions', body)).toMatchObject({
        status: 422,
        code: 'BUNDLE_INVALID',
      });
    }
    const uploads = ['POST', '/v1/models/broken/versions'] as const;
    expect(await json(...uploads, { not: 'a model' })).toMatchObject({ code: 'MEDIA_UNSUPPORTED' });
    expect(await json(...uploads)).toMatchObject({ code: 'REQUEST_INVALID' });
    expect(await json('POST', '/v1/models/..%2Fx/versions', second)).toMatchObject({ status: 400 });
    const listed = (await (await send('GET', '/v1/models')).json()) as Fields[];
    expect(new Set(listed.map(({ model }) => model))).toEqual(new Set(['part']));
    expect(await json('GET', '/health/ready')).toEqual({ status: 200, ready: true });
  });

  it('keeps an image that was sent as a model as well', async () => {
    const image = await imageBytes(7);
    await send('POST', '/v1/projects', { name: 'parts' });
    const { images } = await json('POST', '/v1/projects/parts/images', image);
    expect(await json('POST', '/v1/models/broken/versions', image)).toMatchObject({ status: 422 });
    const kept = await send('GET', `/v1/projects/parts/images/${images[0].id}/file`);
    expect(Buffer.from(await kept.arrayBuffer())).toEqual(image);
  });

  it('has everything again after a restart, and adds a folder of models once', async () => {
    const [data, folder] = [used.at('again'), used.at('models')];
    await mkdir(`${folder}/triton/2`, { recursive: true });
    await mkdir(`${folder}/triton/1`, { recursive: true });
    await writeFile(`${folder}/part.onnx`, used.model);
    await writeFile(`${folder}/triton/2/model.onnx`, second);
    await writeFile(`${folder}/triton/1/model.onnx`, used.model);
    await writeFile(`${folder}/broken.onnx`, 'no model');
    const list = async () => {
      const server = await startServer(data, { models: folder });
      try {
        const listed = (await (await server.send('GET', '/v1/models')).json()) as Fields[];
        return listed.map((one) => {
          return `${one.model} ${one.version}${one.isActive ? ' active' : ''}`;
        });
      } finally {
        await server.close();
      }
    };
    const expected = ['part 1 active', 'triton 1', 'triton 2 active'];
    expect(await list()).toEqual(expected);
    expect(await list()).toEqual(expected);
  });

  it('keeps the order of versions when the clock is set back', async () => {
    const listed = async () => (await (await send('GET', '/v1/models/part')).json()) as Fields[];
    const latest = (await listed()).at(-1)?.version;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    onTestFinished(() => void vi.useRealTimers());
    const added = await json('POST', '/v1/models/part/versions?activate=false', second);
    expect(added.version).toBeGreaterThan(latest);
    expect((await listed()).at(-1)).toMatchObject({ version: added.version });
    expect(await inspected(`part/versions/${added.version}`)).toMatchObject({ status: 200 });
  });

  it('has its data folder to itself', async () => {
    await expect(startServer(used.at('data'))).rejects.toMatchObject({ code: 'IN_USE' });
    const { port } = new URL(used.server.url);
    const taken = startServer(used.at('taken'), { port: Number(port) });
    await expect(taken).rejects.toMatchObject({ code: 'ADDRESS_UNAVAILABLE' });
    const free = await startServer(used.at('taken'));
    onTestFinished(() => free.close());
  });
});
