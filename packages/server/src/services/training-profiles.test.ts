import { afterAll, expect, it, vi } from 'vitest';
import { createProject, ended } from '../../testing/jobs.ts';
import { json, startServer, type TestServer, useFolder } from '../../testing/server.ts';
import { embeddedWeights } from '../../testing/weights.ts';

// Each job starts a process, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const at = useFolder();
let server: TestServer | undefined;
afterAll(() => server?.close());

const train = (running: TestServer) =>
  json(running, 'POST', '/v1/jobs', {
    kind: 'train',
    project: 'parts',
    options: { profile: 'accurate' },
  });

it('refuses trainings with the profile accurate without its backbone, before they wait', async () => {
  server = await startServer(at('data'));
  await createProject(server, 'parts');
  expect((await json(server, 'GET', '/v1/jobs/profiles')).body).toEqual(['fast']);
  expect(await train(server)).toMatchObject({
    status: 400,
    body: { code: 'OPTION_INVALID', remedy: expect.stringContaining('--backbone') },
  });
  await server.close();
});

it('trains them with the file that it was started with', async () => {
  server = await startServer(at('data'), { backbone: embeddedWeights });
  expect((await json(server, 'GET', '/v1/jobs/profiles')).body).toEqual(['fast', 'accurate']);
  const { status, body } = await train(server);
  expect(status).toBe(202);
  // That of another network.
  expect(await ended(server, body.id)).toMatchObject({
    state: 'failed',
    error: { error: expect.stringContaining('with the backbone efficientnet-lite0') },
  });
});

it('does not start without the file', async () => {
  const missing = startServer(at('other'), { backbone: at('nowhere.safetensors') });
  await expect(missing).rejects.toThrow(expect.objectContaining({ code: 'PATH_MISSING' }));
});
