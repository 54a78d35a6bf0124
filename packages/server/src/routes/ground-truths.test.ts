import { readdir, rm } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { openDataset } from '@bigrid/node';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import yazl from 'yazl';
import { writeProduct } from '../../../cli/testing/command-line.ts';
import {
  imageBytes,
  json,
  maskBytes,
  startServer,
  type TestServer,
  unzip,
  useFolder,
} from '../../testing/server.ts';

const at = useFolder();
let server: TestServer;
let project: string;
let count = 0;
const call = (method: string, path: string, body?: unknown) =>
  json(server, method, `/v1/projects/${project}${path}`, body);
const add = async (query: string, seed = 1) =>
  (await call('POST', `/images?${query}`, await imageBytes(seed, true))).body.images[0];
const urlOf = (id: number) => `/v1/projects/${project}/images/${id}/ground-truth`;
const truthOf = async (id: number) => {
  const response = await server.send('GET', urlOf(id));
  return response.ok ? Buffer.from(await response.arrayBuffer()) : response.status;
};

beforeAll(async () => {
  server = await startServer(at('data'));
});
afterAll(() => server.close());
beforeEach(async () => {
  project = `project-${count++}`;
  await json(server, 'POST', '/v1/projects', { name: project });
});

it('keeps a mask until it is replaced or deleted', async () => {
  const { id, hasGroundTruth } = await add('name=a.png&label=defect&kind=spot');
  expect(hasGroundTruth).toBe(false);
  expect(await truthOf(id)).toBe(404);
  const first = await maskBytes();
  expect(await call('PUT', `/images/${id}/ground-truth`, first)).toMatchObject({
    status: 200,
    body: { id, name: 'a.png', kind: 'spot', hasGroundTruth: true },
  });
  expect(await truthOf(id)).toEqual(Buffer.from(first));
  expect((await call('GET', '/images')).body.images[0].hasGroundTruth).toBe(true);

  const response = await server.send('GET', urlOf(id));
  expect(response.headers.get('content-type')).toBe('image/png');
  const headers = { 'If-None-Match': response.headers.get('etag') as string };
  expect((await server.send('GET', urlOf(id), undefined, headers)).status).toBe(304);
  const second = await sharp(first).negate().png().toBuffer();
  await call('PUT', `/images/${id}/ground-truth`, second);
  expect((await server.send('GET', urlOf(id), undefined, headers)).status).toBe(200);
  expect(await truthOf(id)).toEqual(second);

  expect((await call('DELETE', `/images/${id}/ground-truth`)).status).toBe(204);
  expect(await truthOf(id)).toBe(404);
  expect((await call('DELETE', `/images/${id}/ground-truth`)).body.code).toBe('NOT_FOUND');
  expect((await call('GET', `/images/${id}`)).body.hasGroundTruth).toBe(false);
});

it('refuses masks that do not fit, and leaves no file of them', async () => {
  const { id } = await add('label=defect');
  const files = () => readdir(at('data', 'files'), { recursive: true });
  const before = await files();
  const put = (image: number, body?: unknown) => call('PUT', `/images/${image}/ground-truth`, body);
  const jpeg = await sharp(await maskBytes())
    .jpeg()
    .toBuffer();
  for (const [body, status, code] of [
    [await maskBytes(65), 422, 'MASK_MISMATCH'],
    [jpeg, 422, 'IMAGE_UNREADABLE'],
    [Buffer.from('text'), 422, 'IMAGE_UNREADABLE'],
    [(await maskBytes()).subarray(0, 90), 422, 'IMAGE_UNREADABLE'],
    [undefined, 400, 'REQUEST_INVALID'],
  ] as const) {
    expect(await put(id, body)).toMatchObject({ status, body: { code } });
  }
  expect(await put(id + 999, await maskBytes())).toMatchObject({ status: 404 });
  expect(await files()).toEqual(before);
  expect(await readdir(at('data', 'incoming'))).toEqual([]);
  expect(await truthOf(id)).toBe(404);
});

it('belongs to defects, and comes back with the label', async () => {
  const { id } = await add('label=defect&kind=spot');
  const mask = await maskBytes();
  await call('PUT', `/images/${id}/ground-truth`, mask);
  for (const label of ['normal', 'none']) {
    const { body } = await call('PATCH', '/images', { images: [id], label });
    expect(body[0].hasGroundTruth).toBe(false);
    expect(await truthOf(id)).toBe(404);
    const refused = await call('PUT', `/images/${id}/ground-truth`, mask);
    expect(refused).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } });
  }
  await call('PATCH', '/images', { images: [id], label: 'defect' });
  expect(await truthOf(id)).toEqual(Buffer.from(mask));
});

it('is imported, exported and uploaded with its image', async () => {
  const folder = at(`product-${project}`);
  await writeProduct(folder);
  expect((await call('POST', '/import', { folder })).body.failed).toEqual([]);
  const imported = (await call('GET', '/images?label=defect')).body.images;
  expect(imported).toMatchObject([{ hasGroundTruth: true }, { hasGroundTruth: true }]);
  expect((await call('GET', '/images?label=normal')).body.images[0].hasGroundTruth).toBe(false);
  const mask = await sharp(`${folder}/ground_truth/spot/0_mask.png`).greyscale().raw().toBuffer();
  const stored = (await truthOf(imported[0].id)) as Buffer;
  expect(await sharp(stored).greyscale().raw().toBuffer()).toEqual(mask);

  // Its name differs from that of another in the extension alone.
  const twin = await sharp(await imageBytes(9, true))
    .webp({ lossless: true })
    .toBuffer();
  const query = `name=test/spot/${imported[0].name.replace('.png', '.webp')}`;
  await call('POST', `/images?${query}`, twin);
  const zip = Buffer.from(
    await (await server.send('GET', `/v1/projects/${project}/export`)).arrayBuffer(),
  );
  await unzip(zip, at(`export-${project}`));
  const [product] = (await openDataset(at(`export-${project}`))).classes;
  const spots = product?.test.filter(({ defect }) => defect === 'spot') ?? [];
  // That is `0-ID.webp` there, before `0.png`.
  expect(spots.map(({ readMask }) => readMask !== undefined)).toEqual([false, true, true]);

  await rm(folder, { recursive: true });
  project = `${project}-copy`;
  await json(server, 'POST', '/v1/projects', { name: project });
  const { body } = await call('POST', '/images', zip);
  expect(body.failed).toEqual([]);
  const copies = (await call('GET', '/images?label=defect')).body.images;
  const masks = copies.map(({ hasGroundTruth }: { hasGroundTruth: boolean }) => hasGroundTruth);
  expect(masks).toEqual([true, true, false]);
  expect(body.images).toHaveLength(13);
  expect(await truthOf(copies[0].id)).toEqual(stored);
});

it('names masks in an archive that fit no image, and adds the images', async () => {
  const zip = new yazl.ZipFile();
  zip.addBuffer(Buffer.from(await maskBytes(65)), 'part/ground_truth/spot/1_mask.png');
  zip.addBuffer(Buffer.from(await maskBytes()), 'part/ground_truth/spot/2_mask.png');
  zip.addBuffer(await imageBytes(1, true), 'part/test/spot/1.png');
  zip.end();
  const { status, body } = await call('POST', '/images', await buffer(zip.outputStream));
  expect(status).toBe(201);
  expect(body.images).toMatchObject([{ name: '1.png', kind: 'spot', hasGroundTruth: false }]);
  expect(body.failed).toMatchObject([
    { name: 'part/ground_truth/spot/1_mask.png', code: 'MASK_MISMATCH' },
    { name: 'part/ground_truth/spot/2_mask.png', code: 'MASK_MISMATCH' },
  ]);
});

it('comes with its image in a form, in any order, or after it', async () => {
  const form = new FormData();
  const append = (bytes: Uint8Array, path: string) =>
    form.append('file', new Blob([bytes as Uint8Array<ArrayBuffer>]), path);
  append(await maskBytes(), 'part/ground_truth/spot/0_mask.png');
  append(await imageBytes(0), 'part/train/good/0.png');
  append(await imageBytes(0, true), 'part/test/spot/0.png');
  const { body } = await call('POST', '/images', form);
  expect(body.failed).toEqual([]);
  expect(body.images).toMatchObject([
    { name: '0.png', label: 'normal', hasGroundTruth: false },
    { kind: 'spot', hasGroundTruth: true, isNew: true },
  ]);

  // Not the image of that name, but the one of that path.
  const upload = async (name: string, bytes: Uint8Array) =>
    call('POST', `/images?${new URLSearchParams({ name })}`, bytes);
  await upload('part/test/dent/0.png', await imageBytes(1, true));
  const after = await upload('part/ground_truth/dent/0_mask.png', await maskBytes());
  expect(after).toMatchObject({
    status: 200,
    body: { images: [{ kind: 'dent', hasGroundTruth: true, isNew: false }] },
  });
  expect((await call('GET', '/images')).body.total).toBe(3);
  const alone = await upload('ground_truth/dent/0_mask.png', await maskBytes());
  expect(alone).toMatchObject({ status: 422, body: { code: 'MASK_MISMATCH' } });
  expect(await readdir(at('data', 'incoming'))).toEqual([]);
});
