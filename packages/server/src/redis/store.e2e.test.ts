import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createProject, ended, follow } from '../../testing/jobs.ts';
import { imageBytes, json, maskBytes, tinyModel } from '../../testing/server.ts';
import { hasStore, useStore, whyNoStore } from '../../testing/store.ts';

const used = useStore();
const { at, keysOfJobs, queue, startAgain, train } = used;

const inspect = async () => {
  const response = await used.server.send('POST', '/v1/models/part/inspect', await imageBytes(1));
  const { score } = (await response.json()) as { score?: number };
  return { status: response.status, score };
};

describe.runIf(hasStore)(`a store${whyNoStore}`, { timeout: 120_000 }, () => {
  it('gives each worker its copy of a model', async () => {
    const { server } = used;
    const added = await server.send('POST', '/v1/models/part/versions', await tinyModel());
    expect(added.status).toBe(201);
    const ready = async () => (await server.send('GET', '/health/ready')).status;
    await expect.poll(ready).toBe(200);
    const answers = await Promise.all(Array.from({ length: 8 }, inspect));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ score }) => score)).size).toBe(1);
    const mask = await json(server, 'PUT', '/v1/models/part/versions/1/mask', await maskBytes());
    expect(mask.status).toBe(200);
    expect(await inspect()).toMatchObject({ status: 200, score: expect.any(Number) });
  });

  it('brings back what jobs of all kinds make', async () => {
    const { server } = used;
    await createProject(server, 'a');
    const trained = await train('a', { epochs: 2 });
    for await (const { type, data } of follow(server, trained)) {
      if (type !== 'preview') continue;
      const path = `/v1/jobs/${trained}/previews/${data.step}/${data.images[0]}`;
      expect((await server.send('GET', path)).status).toBe(200);
    }
    expect(await ended(server, trained)).toMatchObject({ result: { version: 1 } });
    const { body: defects } = await json(server, 'GET', '/v1/projects/a/images?label=defect');
    for (const { id } of defects.images) {
      const path = `/v1/projects/a/images/${id}/ground-truth`;
      expect((await json(server, 'PUT', path, await maskBytes())).status).toBe(200);
    }
    const source = { project: 'a', model: 'a', version: 1 };
    const evaluating = await queue({ kind: 'evaluate', ...source });
    const updating = await queue({ kind: 'update', ...source });
    const inspecting = await queue({ kind: 'inspect', ...source });
    expect(await ended(server, evaluating)).toMatchObject({ result: { withoutMask: 0 } });
    expect((await server.send('GET', `/v1/jobs/${evaluating}/report`)).status).toBe(200);
    // With the images that the training kept on another machine.
    expect(await ended(server, updating)).toMatchObject({ state: 'done', result: { version: 2 } });
    expect(await ended(server, inspecting)).toMatchObject({ result: { inspected: 13 } });
    const { body: scores } = await json(server, 'GET', '/v1/projects/a/scores?model=a&version=1');
    expect(scores.images).toHaveLength(13);
    expect(await readdir(at('data', 'replays'))).toHaveLength(2);
    expect(await keysOfJobs()).toEqual([]);
  });

  it('keeps what is made while the server is away, for its next process', async () => {
    await createProject(used.server, 'b');
    const job = await train('b');
    for await (const { type } of follow(used.server, job)) if (type === 'progress') break;
    await used.server.close();
    const isDone = async () => (await keysOfJobs()).some((key) => key.endsWith('/result.json'));
    await expect.poll(isDone, { timeout: 30_000 }).toBe(true);
    await startAgain();
    expect(await ended(used.server, job)).toMatchObject({ state: 'done', result: { version: 1 } });
    expect((await json(used.server, 'GET', '/v1/models/b')).body).toHaveLength(1);
    expect(await keysOfJobs()).toEqual([]);
  });
});
