import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageBytes, useServer } from '../../testing/server.ts';

const used = useServer({ bodyLimit: 1, maxWaiting: 2 });
const path = '/v1/models/part/inspect';
let [good, defective]: Buffer[] = [];
beforeAll(async () => {
  [good, defective] = [await imageBytes(50), await imageBytes(51, true)];
});

/** Of a response's JSON. */
// biome-ignore lint/suspicious/noExplicitAny: each test states what it expects
type Fields = Record<string, any>;

const inspect = (body: unknown, query = '', headers = {}) =>
  used.server.send('POST', `${path}${query}`, body, headers);
const json = async (...request: Parameters<typeof inspect>) => {
  const response = await inspect(...request);
  const fields: Fields = { status: response.status, ...((await response.json()) as Fields) };
  return fields;
};

describe('inspect', () => {
  it('answers with the verdict, whatever the type of the body says', async () => {
    const first = await json(defective);
    expect(first).toMatchObject({
      status: 200,
      model: 'part',
      version: 1,
      width: 64,
      height: 64,
      verdict: 'anomalous',
      isAnomalous: true,
    });
    expect(first.regions[0].box.width).toBeGreaterThan(0);
    expect(first).not.toHaveProperty('map');
    for (const type of [
      'image/png',
      'application/octet-stream',
      'application/x-www-form-urlencoded',
    ]) {
      expect(await json(defective, '', { 'content-type': type })).toMatchObject({
        score: first.score,
      });
    }
  });

  it('answers with the heat map or the anomaly map', async () => {
    const drawn = await inspect(defective, '', { accept: 'image/png' });
    expect(drawn.headers.get('content-type')).toBe('image/png');
    expect(await sharp(await drawn.arrayBuffer()).metadata()).toMatchObject({ width: 64 });
    const map = await inspect(defective, '', { accept: 'application/x-npy' });
    expect(
      Buffer.from(await map.arrayBuffer())
        .subarray(1, 6)
        .toString(),
    ).toBe('NUMPY');
  });

  it('answers with verdict and anomaly map in one form', async () => {
    const both = await inspect(defective, '', { accept: 'multipart/form-data' });
    const form = await both.formData();
    const [result, map] = [form.get('result') as File, form.get('map') as File];
    const { status: _, milliseconds: __, ...expected } = await json(defective);
    expect(JSON.parse(await result.text())).toMatchObject(expected);
    const alone = await inspect(defective, '', { accept: 'application/x-npy' });
    const [first, second] = [await map.bytes(), await alone.bytes()];
    expect(Buffer.compare(first, second)).toBe(0);
  });

  it('judges by the rules of the request', async () => {
    expect(await json(defective, '?threshold=1e6')).toMatchObject({ verdict: 'normal' });
    expect(await json(defective, '?threshold=x')).toMatchObject({ code: 'OPTION_INVALID' });
    expect(await json(defective, '?smallestRegion=1e6')).toMatchObject({ regions: [] });
    expect(await json(defective, '?smallestRegion=-1')).toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('answers in the shape of Lookout for Vision', async () => {
    const { DetectAnomalyResult: result } = await json(defective, '?format=lookout-for-vision');
    expect(result).toMatchObject({ Source: { Type: 'direct' }, IsAnomalous: true });
    expect(result.Confidence).toBeGreaterThan(0.5);
    const areas = result.Anomalies.map(
      (one: { PixelAnomaly: { TotalPercentageArea: number } }) =>
        one.PixelAnomaly.TotalPercentageArea,
    );
    expect(areas).toHaveLength(2);
    expect(areas[0] + areas[1]).toBeCloseTo(1, 6);
  });

  it('answers several files with a line each, in their order', async () => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(good as Buffer)]), 'good.png');
    form.append('file', new Blob(['no image']), 'broken.png');
    form.append('file', new Blob([new Uint8Array(defective as Buffer)]), 'bad.png');
    const response = await inspect(form);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { name: 'good.png', width: 64 },
      { name: 'broken.png', code: 'IMAGE_UNREADABLE' },
      { name: 'bad.png', verdict: 'anomalous' },
    ]);
  });

  it('ends the lines of a malformed form with an error', async () => {
    const part = 'Content-Disposition: form-data; name="a"; filename="a.png"';
    const head = Buffer.from(`--x\r\n${part}\r\n\r\n`);
    const body = Buffer.concat([head, good as Buffer, Buffer.from('\r\n--x\r\n')]);
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const lines = (await (await inspect(body, '', headers)).text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { name: 'a.png', width: 64 },
      { code: 'REQUEST_INVALID' },
    ]);
  });

  it('refuses what is no image, too large, or for no model', async () => {
    expect(await json(undefined)).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
    expect(await json(Buffer.from('text'))).toMatchObject({
      status: 422,
      code: 'IMAGE_UNREADABLE',
    });
    expect(await json(Buffer.alloc(2 ** 20 + 1))).toMatchObject({
      status: 413,
      code: 'REQUEST_TOO_LARGE',
    });
    const missing = await used.server.send('POST', '/v1/models/none/inspect', good);
    expect(await missing.json()).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('answers 503 with Retry-After when it has too much to do', async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => inspect(good)));
    const statuses = new Set(responses.map(({ status }) => status));
    expect(statuses).toEqual(new Set([200, 503]));
    const busy = responses.find(({ status }) => status === 503);
    expect(busy?.headers.get('retry-after')).toBe('1');
    expect(await busy?.json()).toMatchObject({ code: 'SERVER_BUSY' });
  });

  it('forgets what a client that hung up was waiting for', async () => {
    const gone = new AbortController();
    const url = `${used.server.url}${path}`;
    const given = { method: 'POST', body: new Uint8Array(good as Buffer), signal: gone.signal };
    const requests = Array.from({ length: 4 }, () => fetch(url, given));
    await setTimeout(20);
    gone.abort();
    await Promise.allSettled(requests);
    await expect.poll(async () => waiting()).toBe(0);
    expect(await json(good)).toMatchObject({ status: 200 });
  });

  it('counts inspections', async () => {
    const { body } = await used.server.send('GET', '/metrics');
    expect(await text(body as never)).toMatch(
      /bigrid_inspections_total{model="part",verdict="anomalous"} [1-9]/,
    );
  });
});

async function waiting(): Promise<number> {
  const metrics = await (await used.server.send('GET', '/metrics')).text();
  return Number(/^bigrid_inspections_waiting (\d+)$/m.exec(metrics)?.[1]);
}
