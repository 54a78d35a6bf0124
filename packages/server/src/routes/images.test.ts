import { readdir, rm, writeFile } from 'node:fs/promises';
import { openDataset } from '@bigrid/node';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { truncatedJpeg, writeProduct } from '../../../cli/testing/command-line.ts';
import {
  imageBytes,
  json,
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

const start = async () => {
  server = await startServer(at('data'));
};
beforeAll(start);
afterAll(() => server.close());
beforeEach(async () => {
  project = `project-${count++}`;
  await json(server, 'POST', '/v1/projects', { name: project });
});

it('stores an image once, whatever it is called, and keeps its labels', async () => {
  const first = await call(
    'POST',
    '/images?name=a.png&label=defect&kind=scratch',
    await imageBytes(1),
  );
  expect(first).toMatchObject({
    status: 201,
    body: {
      images: [
        { name: 'a.png', format: 'PNG', width: 64, height: 64, label: 'defect', kind: 'scratch' },
      ],
      failed: [],
    },
  });
  const again = await call('POST', '/images?name=b.png&label=normal', await imageBytes(1));
  expect(again).toMatchObject({
    status: 200,
    body: { images: [{ ...first.body.images[0], isNew: false }] },
  });
  expect((await call('GET', '/images')).body.total).toBe(1);

  // Another project refers to the same file.
  await json(server, 'POST', '/v1/projects', { name: `${project}-other` });
  const path = `/v1/projects/${project}-other/images`;
  const other = await json(server, 'POST', path, await imageBytes(1));
  expect(other.body.images[0]).toMatchObject({ isNew: true, file: first.body.images[0].file });
});

it('tells which files it has already', async () => {
  const { body } = await call('POST', '/images', await imageBytes(3));
  const { file } = body.images[0];
  const none = 'f'.repeat(64);
  const known = (sha256: unknown) => call('POST', '/images/known', { sha256 });
  expect(await known([none, file])).toMatchObject({ status: 200, body: { images: [{ file }] } });
  expect((await known([])).body).toEqual({ images: [] });
  const many = Array.from({ length: 9999 }, (_, at) => String(at).padStart(64, '0'));
  expect((await known([...many, file])).body.images).toMatchObject([{ file }]);
  for (const wrong of [[...many, file, none], ['x'], 'x', undefined]) {
    expect((await known(wrong)).status).toBe(400);
  }
  // Other projects' files are not told.
  await json(server, 'POST', '/v1/projects', { name: `${project}-empty` });
  const elsewhere = `/v1/projects/${project}-empty/images/known`;
  expect((await json(server, 'POST', elsewhere, { sha256: [file] })).body).toEqual({ images: [] });
});

it('gives images with equal names different ones, which are safe as file names', async () => {
  const names: string[] = [];
  for (const [seed, name] of [
    '../../etc/x.png',
    'x.png',
    'X.PNG',
    'CON',
    'part_mask.png',
  ].entries()) {
    const query = new URLSearchParams({ name });
    const { body } = await call('POST', `/images?${query}`, await imageBytes(seed));
    names.push(body.images[0].name);
  }
  expect(names[0]).toBe('x.png');
  expect(names[1]).toMatch(/^x-\d+\.png$/);
  expect(names[2]).toMatch(/^X-\d+\.PNG$/);
  expect(names.slice(3)).toEqual(['_CON.png', 'part-mask.png']);
});

it('refuses what cannot be decoded, and leaves no file of it', async () => {
  const files = () => readdir(at('data', 'files'), { recursive: true });
  const before = await files();
  const refused = await call('POST', '/images?name=half.jpg', await truncatedJpeg());
  expect(refused).toMatchObject({ status: 422, body: { code: 'IMAGE_UNREADABLE' } });
  expect(await call('POST', '/images')).toMatchObject({ body: { code: 'REQUEST_INVALID' } });
  expect(await files()).toEqual(before);
  expect(await readdir(at('data', 'incoming'))).toEqual([]);
});

it('takes several files at once, and names those that are not images', async () => {
  const form = new FormData();
  for (const seed of [1, 2]) form.append('file', new Blob([await imageBytes(seed)]), `${seed}.png`);
  form.append('file', new Blob(['text']), 'notes.txt');
  const { status, body } = await call('POST', '/images?label=normal&split=test', form);
  expect(status).toBe(201);
  expect(body.images).toMatchObject([
    { name: '1.png', label: 'normal', split: 'test' },
    { name: '2.png', label: 'normal', split: 'test' },
  ]);
  expect(body.failed).toMatchObject([{ name: 'notes.txt', code: 'IMAGE_UNREADABLE' }]);
});

it('takes labels from the folders in a name, and others from the query', async () => {
  const labels: unknown[] = [];
  for (const [seed, name] of [
    'line/good/1.png',
    'line/test/good/2.png',
    'test/scratch/3.png',
    'line/4.png',
  ].entries()) {
    const query = new URLSearchParams({ name, label: 'none' });
    const { body } = await call('POST', `/images?${query}`, await imageBytes(seed));
    labels.push([body.images[0].name, body.images[0].label, body.images[0].split]);
  }
  expect(labels).toEqual([
    ['1.png', 'normal', 'train'],
    ['2.png', 'normal', 'test'],
    ['3.png', 'defect', 'test'],
    ['4.png', null, 'train'],
  ]);
});

it('lists images in pages, by label and by name', async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const label = seed === 5 ? 'none' : 'normal';
    await call('POST', `/images?name=Part-${seed}.png&label=${label}`, await imageBytes(seed));
  }
  const names: string[] = [];
  let cursor = 0;
  for (let pages = 0; cursor !== null; pages++) {
    const { body } = await call('GET', `/images?limit=2&label=normal&cursor=${cursor}`);
    expect(body.total).toBe(4);
    names.push(...body.images.map(({ name }: { name: string }) => name));
    cursor = body.next;
    expect(pages).toBeLessThan(3);
  }
  expect(names).toEqual(['Part-1.png', 'Part-2.png', 'Part-3.png', 'Part-4.png']);
  const unlabelled = await call('GET', '/images?label=none');
  expect(unlabelled.body).toMatchObject({ total: 1, next: null, images: [{ name: 'Part-5.png' }] });
  expect((await call('GET', '/images?search=part-3')).body.images).toHaveLength(1);
  expect((await call('GET', '/images?search=%25')).body.images).toEqual([]);
});

it('changes labels of several images, all or none', async () => {
  const ids: number[] = [];
  for (const seed of [1, 2]) {
    ids.push((await call('POST', '/images', await imageBytes(seed))).body.images[0].id);
  }
  const labelled = await call('PATCH', '/images', { images: ids, label: 'defect', kind: 'dent' });
  expect(labelled.body).toMatchObject([
    { label: 'defect', kind: 'dent', split: 'test' },
    { label: 'defect', kind: 'dent', split: 'test' },
  ]);
  const missing = await call('PATCH', '/images', { images: [...ids, 9999], label: 'normal' });
  expect(missing).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  expect((await call('GET', `/images/${ids[0]}`)).body.label).toBe('defect');
  const normal = await call('PATCH', '/images', { images: ids, label: 'normal', split: 'train' });
  expect(normal.body[0]).toMatchObject({ label: 'normal', kind: null, split: 'train' });
  const badKind = await call('PATCH', '/images', { images: ids, label: 'defect', kind: '../x' });
  expect(badKind).toMatchObject({
    status: 400,
    body: { code: 'REQUEST_INVALID', field: 'body.kind' },
  });
});

it('returns the original and a small copy, also after the copies were deleted', async () => {
  const bytes = await sharp({ create: { width: 640, height: 320, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const [{ id }] = (await call('POST', '/images', bytes)).body.images;
  const path = `/v1/projects/${project}/images/${id}`;
  const original = await server.send('GET', `${path}/file`);
  expect(original.headers.get('content-type')).toBe('image/png');
  expect(Buffer.from(await original.arrayBuffer())).toEqual(bytes);
  for (const _ of [1, 2]) {
    const small = await server.send('GET', `${path}/thumbnail`);
    expect(small.headers.get('content-type')).toBe('image/webp');
    const { width, height } = await sharp(await small.arrayBuffer()).metadata();
    expect([width, height]).toEqual([320, 160]);
    await rm(at('data', 'previews'), { recursive: true });
  }
});

it('removes an image from one project only', async () => {
  const [{ id }] = (await call('POST', '/images', await imageBytes(7))).body.images;
  expect((await call('DELETE', `/images/${id}`)).status).toBe(204);
  expect((await call('GET', `/images/${id}`)).status).toBe(404);
});

it('imports a folder, and exports what loaders read with the same labels', async () => {
  const folder = at(`product-${project}`);
  await writeProduct(folder);
  const imported = await call('POST', '/import', { folder });
  expect(imported.status).toBe(201);
  expect(imported.body.failed).toEqual([]);
  expect((await json(server, 'GET', `/v1/projects/${project}`)).body.images).toEqual({
    training: 8,
    normal: 2,
    defects: 2,
    unlabelled: 0,
  });

  const exported = await server.send('GET', `/v1/projects/${project}/export`);
  const zip = Buffer.from(await exported.arrayBuffer());
  const copy = at(`export-${project}`);
  await unzip(zip, copy);
  const { layout, classes } = await openDataset(copy);
  expect(layout).toBe('MVTec AD');
  expect(classes[0]?.training).toHaveLength(8);
  expect(classes[0]?.test.map(({ defect }) => defect)).toEqual(['good', 'good', 'spot', 'spot']);

  // The archive brings its labels along.
  project = `${project}-copy`;
  await json(server, 'POST', '/v1/projects', { name: project });
  expect((await call('POST', '/images', zip)).status).toBe(201);
  const before = await call('GET', '/images?label=defect');
  expect(before.body.images).toMatchObject([{ kind: 'spot' }, { kind: 'spot' }]);
  expect((await call('GET', '/images?label=normal&split=train')).body.total).toBe(8);
});

it('refuses damaged archives and folders that do not exist', async () => {
  const damaged = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100)]);
  expect(await call('POST', '/images', damaged)).toMatchObject({
    status: 400,
    body: { code: 'REQUEST_INVALID' },
  });
  const missing = await call('POST', '/import', { folder: at('nowhere') });
  expect(missing.body.code).toBe('PATH_MISSING');
});

it('keeps images over a restart', async () => {
  const [{ id, file }] = (await call('POST', '/images', await imageBytes(9))).body.images;
  await writeFile(at('data', 'incoming', 'left-over'), 'x');
  await server.close();
  await start();
  expect((await call('GET', `/images/${id}`)).body.file).toBe(file);
  const original = await server.send('GET', `/v1/projects/${project}/images/${id}/file`);
  expect(Buffer.from(await original.arrayBuffer())).toEqual(await imageBytes(9));
  expect(await readdir(at('data', 'incoming'))).toEqual([]);
});
