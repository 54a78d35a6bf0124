import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createProject, ended, eventsOf } from '../../testing/jobs.ts';
import { imageBytes, json, tinyModel, useServer } from '../../testing/server.ts';

// Each job starts a process, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const used = useServer();
const call = (method: string, path: string, body?: unknown) =>
  json(used.server, method, path, body);
const project = '/v1/projects/parts';
const scoresOf = async (query = 'model=part', of = project) =>
  (await call('GET', `${of}/scores?${query}`)).body;
const inspection = (image: number, query = 'model=part', headers: Record<string, string> = {}) =>
  used.server.send('GET', `${project}/images/${image}/inspection?${query}`, undefined, headers);
const inspectAll = async (more: object = {}) => {
  const request = { kind: 'inspect', project: 'parts', model: 'part', ...more };
  const { body } = await call('POST', '/v1/jobs', request);
  return ended(used.server, body.id);
};
const mask = async (color: string) => {
  const part = { create: { width: 5, height: 8, channels: 3 as const, background: color } };
  return sharp({ create: { width: 8, height: 8, channels: 3, background: '#000' } })
    .composite([{ input: part, left: 0, top: 0 }])
    .png()
    .toBuffer();
};

let images: number[];
beforeAll(async () => {
  await createProject(used.server, 'parts');
  await call('POST', `${project}/images?name=unlabelled.png`, await imageBytes(99));
  const { body } = await call('GET', `${project}/images`);
  images = body.images.map(({ id }: { id: number }) => id);
});

describe('an inspection of an image of a project', () => {
  it('has the result of any other inspection, and keeps the score', async () => {
    expect(await scoresOf()).toEqual({ model: 'part', version: 1, images: [], scores: [] });
    const image = images.at(-1) as number;
    const { milliseconds: _, ...found } = (await (await inspection(image)).json()) as Fields;
    const sent = await call('POST', '/v1/models/part/inspect', await imageBytes(99));
    const { milliseconds: __, ...expected } = sent.body;
    expect(found).toEqual(expected);
    expect(await scoresOf()).toMatchObject({ images: [image], scores: [expected.score] });
  });

  it('is judged by rules of the request, and gives maps', async () => {
    const image = images[0] as number;
    const judged = await inspection(image, 'model=part&version=1&threshold=-1&unsure=-2');
    expect(await judged.json()).toMatchObject({ threshold: -1, verdict: 'anomalous' });
    const map = await inspection(image, 'model=part', { accept: 'application/x-npy' });
    expect(map.headers.get('content-type')).toBe('application/x-npy');
    expect(Buffer.from(await map.arrayBuffer()).toString('latin1', 1, 6)).toBe('NUMPY');
    // As browsers ask for the image of a page.
    const accept = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
    const overlay = await inspection(image, 'model=part', { accept });
    expect((await sharp(await overlay.arrayBuffer()).metadata()).format).toBe('png');
  });

  it('is sent again only if something changed', async () => {
    const image = images[0] as number;
    const first = await inspection(image);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    expect(first.headers.get('vary')).toContain('Accept');
    const known = { 'if-none-match': first.headers.get('etag') as string };
    expect((await inspection(image, 'model=part', known)).status).toBe(304);
    const others = [
      inspection(image, 'model=part&threshold=1', known),
      inspection(image, 'model=part', { ...known, accept: 'image/png' }),
      inspection(images[1] as number, 'model=part', known),
    ];
    for (const { status } of await Promise.all(others)) expect(status).toBe(200);
    await call('PUT', '/v1/models/part/versions/1/settings', { threshold: '1e6' });
    expect((await inspection(image, 'model=part', known)).status).toBe(200);
    await call('PUT', '/v1/models/part/versions/1/settings', {});
  });

  it('needs an image, a model and a version that exist', async () => {
    const [image] = images as [number];
    expect((await inspection(9999)).status).toBe(404);
    expect((await inspection(image, 'model=nothing')).status).toBe(404);
    expect((await inspection(image, 'model=part&version=9')).status).toBe(404);
    expect((await inspection(image, '')).status).toBe(400);
    expect((await inspection(image, 'model=part&threshold=never')).status).toBe(400);
  });
});

describe('a job that inspects', () => {
  it('gives all images a score that have none, labelled or not', async () => {
    const before = await scoresOf();
    const job = await inspectAll();
    expect(job).toMatchObject({
      state: 'done',
      request: { version: 1 },
      result: { inspected: images.length - before.images.length, failed: [] },
    });
    const { images: scored, scores } = await scoresOf();
    expect(scored).toEqual(images);
    for (const [at, image] of before.images.entries()) {
      expect(scores[images.indexOf(image)]).toBe(before.scores[at]);
    }
    const one = images[4] as number;
    const { score } = (await (await inspection(one)).json()) as Fields;
    expect(scores[4]).toBeCloseTo(score, 5);

    const again = await inspectAll();
    expect(again).toMatchObject({ state: 'done', result: { inspected: 0, failed: [] } });
  });

  it('forgets scores with the image, and with the mask, and with the version', async () => {
    const { body: other } = await call(
      'POST',
      `${project}/images?name=other.png`,
      await imageBytes(77),
    );
    await inspection(other.images[0].id);
    expect((await scoresOf()).images).toHaveLength(images.length + 1);
    await call('DELETE', `${project}/images/${other.images[0].id}`);
    expect((await scoresOf()).images).toEqual(images);

    const before = await scoresOf();
    await call('PUT', '/v1/models/part/versions/1/settings', { threshold: '1' });
    expect(await scoresOf()).toEqual(before);
    await call('PUT', '/v1/models/part/versions/1/mask', await mask('#fff'));
    expect((await scoresOf()).images).toEqual([]);
    // Those with a spot, which the mask covers.
    const chosen = images.slice(-3, -1);
    expect((await inspectAll({ images: chosen })).result).toEqual({ inspected: 2, failed: [] });
    const masked = await scoresOf();
    expect(masked.images).toEqual(chosen);
    const { score } = (await (await inspection(chosen[0] as number)).json()) as Fields;
    expect(masked.scores[0]).toBeCloseTo(score, 5);
    expect(masked.scores[0]).toBeLessThan(before.scores.at(-3) / 1.2);
    await call('DELETE', '/v1/models/part/versions/1/mask');
    expect((await scoresOf()).images).toEqual([]);

    await call('POST', '/v1/models/gone/versions', used.model);
    await call('GET', `${project}/images/${chosen[0]}/inspection?model=gone`);
    expect((await scoresOf('model=gone')).images).toEqual([chosen[0]]);
    await call('DELETE', '/v1/models/gone');
    await call('POST', '/v1/models/gone/versions', used.model);
    expect((await scoresOf('model=gone')).images).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('goes on behind the scores that are stored', async () => {
    await call('POST', '/v1/projects', { name: 'many' });
    const form = new FormData();
    for (let seed = 200; seed < 500; seed++) {
      form.append('file', new Blob([new Uint8Array(await imageBytes(seed))]), `${seed}.png`);
    }
    await call('POST', '/v1/projects/many/images', form);
    const request = { kind: 'inspect', project: 'many', model: 'part' };
    const { body: job } = await call('POST', '/v1/jobs', request);
    const many = '/v1/projects/many';
    await vi.waitUntil(async () => (await scoresOf('model=part', many)).images.length > 0, 60_000);
    for (const pid of workers(used.at('data'))) process.kill(pid, 'SIGKILL');
    expect(await ended(used.server, job.id)).toMatchObject({
      state: 'done',
      result: { inspected: 300, failed: [] },
    });
    expect((await scoresOf('model=part', many)).images).toHaveLength(300);
    const events = await eventsOf(used.server, job.id);
    expect(events.filter(({ data }) => data.state === 'running')).toHaveLength(2);
    const last = events.findLast(({ type }) => type === 'progress');
    expect(last?.data.total).toBeLessThan(300);
  });

  it.runIf(process.platform === 'linux')(
    'ends if the version gets another mask meanwhile',
    async () => {
      const request = { kind: 'inspect', project: 'many', model: 'part' };
      await call('PUT', '/v1/models/part/versions/1/mask', await mask('#fff'));
      const { body: job } = await call('POST', '/v1/jobs', request);
      const many = '/v1/projects/many';
      const worker = await vi.waitUntil(() => workers(used.at('data'))[0], 60_000);
      process.kill(worker, 'SIGSTOP');
      await call('DELETE', '/v1/models/part/versions/1/mask');
      process.kill(worker, 'SIGCONT');
      expect(await ended(used.server, job.id)).toMatchObject({
        state: 'failed',
        error: { code: 'STATE_CONFLICT' },
      });
      expect((await scoresOf('model=part', many)).images).toEqual([]);
      await call('POST', `/v1/jobs/${job.id}/retry`);
      expect(await ended(used.server, job.id)).toMatchObject({ result: { inspected: 300 } });
    },
  );
});

describe('a comparison', () => {
  const compare = (query: string) => call('GET', `${project}/comparison?${query}`);

  it('counts what either version gets right, on labelled images that both inspected', async () => {
    const versions = '/v1/models/part/versions';
    await call('POST', `${versions}?activate=false`, await tinyModel(1));
    expect(await compare('model=part&otherVersion=2')).toMatchObject({
      status: 409,
      body: { code: 'STATE_CONFLICT', remedy: expect.stringContaining('inspect') },
    });
    for (const version of [1, 2]) await inspectAll({ version });
    // The first calls everything anomalous, the second nothing.
    await call('PUT', `${versions}/1/settings`, { threshold: '-1' });
    await call('PUT', `${versions}/2/settings`, { threshold: '1e6', unsure: '-1' });
    const { status, body } = await compare('model=part&version=1&otherVersion=2');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ images: 13, normal: 11, defects: 2 },
      first: { model: 'part', version: 1, threshold: -1, falseAlarms: 11, missed: 0, auroc: 1 },
      second: { version: 2, falseAlarms: 0, missed: 2 },
      mcNemar: { firstOnly: 2, secondOnly: 11 },
      auroc: { difference: body.second.auroc - 1 },
    });
    expect(body.mcNemar.pValue).toBeCloseTo((2 * (1 + 13 + 78)) / 2 ** 13, 12);
    expect(body.changed).toHaveLength(13);
    const { scores } = await scoresOf('model=part&version=2');
    expect(body.changed[0]).toMatchObject({
      ...{ image: images[0], first: 'anomalous', second: 'unsure' },
      ...{ secondScore: scores[0], label: 'normal' },
    });
    const tested = await compare('model=part&version=1&otherVersion=2&split=test');
    expect(tested.body).toMatchObject({ images: 5, normal: 3, defects: 2 });
    const same = await compare('model=part&version=1&otherVersion=1');
    expect(same.body).toMatchObject({
      ...{ changed: [], auroc: { difference: 0, pValue: 1 } },
      mcNemar: { firstOnly: 0, secondOnly: 0, pValue: 1 },
    });
  });

  it('needs versions that exist', async () => {
    expect((await compare('model=part&otherVersion=9')).status).toBe(404);
    expect((await compare('model=part&otherModel=nothing')).status).toBe(404);
    expect((await compare('')).status).toBe(400);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: each test states what it expects
type Fields = Record<string, any>;

/** Ids of the job processes of a data folder. */
function workers(data: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return words.includes('job-worker') && words.includes(data);
    } catch {
      // It has just ended.
      return false;
    }
  });
}
