import { afterAll, beforeAll, expect, it } from 'vitest';
import { imageBytes, json, startServer, type TestServer, useFolder } from '../../testing/server.ts';

const at = useFolder();
let server: TestServer;
beforeAll(async () => {
  server = await startServer(at('data'));
});
afterAll(() => server.close());

const fill = (project: string, body?: object) =>
  json(server, 'POST', `/v1/projects/${project}/sample`, body);
const filesOf = async (project: string): Promise<string[]> => {
  const { body } = await json(server, 'GET', `/v1/projects/${project}/images?limit=1000`);
  return body.images.map(({ file }: { file: string }) => file);
};

it('fills new and empty projects, the same for the same seed', async () => {
  await json(server, 'POST', '/v1/projects', { name: 'second' });
  const [first, second] = await Promise.all([fill('first'), fill('second', { seed: 1 })]);
  expect(first).toMatchObject({
    status: 201,
    body: { name: 'first', images: { training: 40, normal: 10, unlabelled: 0 } },
  });
  expect(second.body.images).toEqual(first.body.images);
  expect(await filesOf('second')).toEqual(await filesOf('first'));

  const { body } = await json(server, 'GET', '/v1/projects/first/images?label=defect&limit=1000');
  for (const { hasGroundTruth } of body.images) expect(hasGroundTruth).toBe(true);
  const kinds = Map.groupBy(body.images as { kind: string }[], ({ kind }) => kind);
  expect(kinds.size).toBeGreaterThanOrEqual(5);
  for (const [kind, images] of kinds) expect(images, kind).toHaveLength(4);
});

it('refuses projects with images, also those that are being filled', async () => {
  await json(server, 'POST', '/v1/projects', { name: 'taken' });
  await json(server, 'POST', '/v1/projects/taken/images', await imageBytes(1));
  const refused = { status: 409, body: { code: 'STATE_CONFLICT' } };
  expect(await fill('taken')).toMatchObject(refused);
  const both = await Promise.all([fill('once', { seed: 2 }), fill('once', { seed: 3 })]);
  expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect((await json(server, 'GET', '/v1/projects/once')).body.images.training).toBe(40);
  const files = [...(await filesOf('first')), ...(await filesOf('once'))];
  expect(new Set(files).size).toBe(files.length);
  expect((await fill('once')).status).toBe(409);
});

it('refuses bad names and seeds, and creates nothing', async () => {
  expect((await fill('..%2Fx')).status).toBe(400);
  expect((await fill('new', { seed: -1 })).status).toBe(400);
  expect((await fill('new', { size: 1 })).status).toBe(400);
  expect((await json(server, 'GET', '/v1/projects/new')).status).toBe(404);
});
