import { afterAll, beforeAll, expect, it } from 'vitest';
import { imageBytes, json, startServer, type TestServer, useFolder } from '../../testing/server.ts';

const at = useFolder();
let server: TestServer;
beforeAll(async () => {
  server = await startServer(at('data'));
});
afterAll(() => server.close());

it('creates, renames and deletes projects', async () => {
  const created = await json(server, 'POST', '/v1/projects', { name: 'bottles' });
  expect(created).toMatchObject({
    status: 201,
    body: {
      name: 'bottles',
      title: 'bottles',
      images: { training: 0, normal: 0, defects: 0, unlabelled: 0 },
      ignored: null,
    },
  });
  const twice = await json(server, 'POST', '/v1/projects', { name: 'bottles' });
  expect(twice).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } });
  for (const name of ['..', 'a/b', '', 'x'.repeat(65)]) {
    expect((await json(server, 'POST', '/v1/projects', { name })).status).toBe(400);
  }

  await json(server, 'POST', '/v1/projects/bottles/images', await imageBytes(1));
  const title = 'Türen, links & rechts';
  const renamed = await json(server, 'PATCH', '/v1/projects/bottles', { title: ` ${title} ` });
  expect(renamed.body).toMatchObject({ name: 'bottles', title, images: { unlabelled: 1 } });
  expect((await json(server, 'GET', '/v1/projects/bottles')).body.title).toBe(title);
  for (const wrong of [' ', 'a\nb', 'x'.repeat(101)]) {
    expect((await json(server, 'PATCH', '/v1/projects/bottles', { title: wrong })).status).toBe(
      400,
    );
  }
  expect((await json(server, 'PATCH', '/v1/projects/none', { title })).status).toBe(404);

  // By what people call them.
  const caps = await json(server, 'POST', '/v1/projects', { name: 'caps', title: 'Caps, red' });
  expect(caps.body).toMatchObject({ name: 'caps', title: 'Caps, red' });
  const { body } = await json(server, 'GET', '/v1/projects');
  expect(body.map(({ name }: { name: string }) => name)).toEqual(['caps', 'bottles']);

  expect((await json(server, 'DELETE', '/v1/projects/bottles')).status).toBe(204);
  expect((await json(server, 'DELETE', '/v1/projects/bottles')).status).toBe(404);
  expect((await json(server, 'GET', '/v1/projects/bottles/images')).status).toBe(404);
});

it('records who changed projects', async () => {
  const { body } = await json(server, 'GET', '/v1/audit');
  const own = body.filter(({ action }: { action: string }) => action.startsWith('project.'));
  expect(own[0]).toMatchObject({ by: 'loopback', action: 'project.delete', subject: 'bottles' });
  expect(own.at(-1)).toMatchObject({ action: 'project.create', subject: 'bottles' });
});

it('keeps areas to ignore, and refuses those without effect', async () => {
  await json(server, 'POST', '/v1/projects', { name: 'lids' });
  const square = (left: number, right: number) => [
    [left, left],
    [right, left],
    [right, right],
    [left, right],
  ];
  const put = (polygons: number[][][]) =>
    json(server, 'PUT', '/v1/projects/lids/ignored', { width: 2000, height: 1000, polygons });
  expect((await put([square(10, 500)])).body.ignored.polygons).toEqual([square(10, 500)]);
  expect((await put([square(-10, 2500)])).body.error).toContain('everything');
  expect((await put([square(5000, 6000)])).body.error).toContain('nothing');
  expect((await put([[[0, 0]]])).status).toBe(400);
  expect((await json(server, 'GET', '/v1/projects/lids')).body.ignored.width).toBe(2000);
  const none = await json(server, 'PUT', '/v1/projects/lids/ignored', null);
  expect(none).toMatchObject({ status: 200, body: { ignored: null } });
});

it('describes its routes', async () => {
  const { body } = await json(server, 'GET', '/openapi.json');
  const routes = Object.entries(body.paths as Record<string, Record<string, { summary?: string }>>);
  const own = routes.filter(([path]) => path.startsWith('/v1/projects'));
  expect(own.length).toBeGreaterThan(6);
  for (const [, methods] of own) {
    for (const { summary } of Object.values(methods)) expect(summary).toBeTruthy();
  }
});
