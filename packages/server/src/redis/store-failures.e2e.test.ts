import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createProject, ended, eventsOf, follow } from '../../testing/jobs.ts';
import { imageBytes, json, tinyModel } from '../../testing/server.ts';
import { hasStore, useStore, whyNoStore } from '../../testing/store.ts';

const used = useStore();
const { addWorker, at, keysOfJobs, kill, train, workerOf } = used;

/** The version of the checkpoint in the bucket; undefined if there is none. */
async function checkpointVersion(): Promise<string | undefined> {
  return [...(await used.s3.versions())].find(([key]) => key.endsWith('/state'))?.[1];
}

/** Resolves once the bucket has a checkpoint of a training after all images were read. @returns the worker, and the last event */
async function untilSaved(job: number) {
  let worker: string | undefined;
  let before: { readonly version: string | undefined } | undefined;
  for await (const { id, type, data } of follow(used.server, job)) {
    const [, pid] = (type === 'log' && /process (\d+)/.exec(data.message)) || [];
    if (pid) worker = workerOf(Number(pid));
    if (!worker || type !== 'progress' || data.phase === 'reading') continue;
    const version = await checkpointVersion();
    before ??= { version };
    if (version !== before.version) return { worker, last: id };
  }
  throw new Error('It ended before it was in the middle');
}

/** The status of an inspection, and the code of its error. */
async function inspected() {
  const image = await imageBytes(1);
  const { status, body } = await json(used.server, 'POST', '/v1/models/part/inspect', image);
  return [status, body.code];
}

describe.runIf(hasStore)(`a store that fails${whyNoStore}`, { timeout: 120_000 }, () => {
  it('waits with jobs while the bucket is away, and loses none that ends meanwhile', async () => {
    const { s3, server } = used;
    await createProject(server, 'a');
    const added = await server.send('POST', '/v1/models/part/versions', await tinyModel());
    expect(added.status).toBe(201);
    const running = await train('a', { epochs: 4 });
    for await (const { data } of follow(server, running)) {
      if (data.phase === 'cross-fitting') break;
    }
    s3.leave();
    const waiting = await train('a', { seed: 2 });
    // Of a model that no worker has.
    expect(await inspected()).toEqual([503, 'S3_UNAVAILABLE']);
    for await (const { data } of follow(server, running)) {
      if (data.message?.startsWith('Expected the bucket parts to answer')) break;
    }
    expect((await json(server, 'GET', `/v1/jobs/${waiting}`)).body.state).toBe('queued');
    s3.comeBack();
    expect(await inspected()).toEqual([200, undefined]);
    const versions = [await ended(server, running), await ended(server, waiting)];
    expect(versions.map(({ result }) => result.version).sort()).toEqual([1, 2]);
  });

  it('loses nothing and counts nothing twice when a worker is killed', async () => {
    const { server } = used;
    await createProject(server, 'b');
    const jobs = [await train('b', { epochs: 20 }), await train('b', { seed: 2 })];
    const { worker, last } = await untilSaved(jobs[0] as number);
    await kill(worker);
    // It goes on from the checkpoint, as its events say while they come: images are not read again.
    const events = await eventsOf(server, jobs[0] as number, last);
    const reading = events.find(({ data }) => data.phase === 'reading');
    expect(reading?.data.done).toBe(reading?.data.total);
    const all = [await ended(server, jobs[0] as number), await ended(server, jobs[1] as number)];
    expect(all.map(({ result }) => result.version).sort()).toEqual([1, 2]);
    expect((await json(server, 'GET', '/v1/models/b')).body).toHaveLength(2);
    expect(await keysOfJobs()).toEqual([]);
    // The next worker in the folder removes what is left of the killed one.
    expect(await readdir(at(worker, 'cache', 'runs'))).not.toEqual([]);
    await addWorker(worker);
    expect(await readdir(at(worker, 'cache', 'runs')).catch(() => [])).toEqual([]);
  });
});
