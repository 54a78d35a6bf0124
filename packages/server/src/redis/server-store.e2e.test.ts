import { open, readdir, readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { write } from '../../../cli/testing/command-line.ts';
import { hasS3, TestS3, whyNoS3 } from '../../testing/s3.ts';
import { useFolder } from '../../testing/server.ts';
import { S3Bucket } from '../repositories/s3-bucket.ts';
import { ServerStore } from './server-store.ts';

const at = useFolder();
const address = 's3://parts/line-1';
const hash = (digit: string) => digit.repeat(64);

describe.runIf(hasS3)(`ServerStore${whyNoS3}`, () => {
  let s3: TestS3;
  let store: ServerStore;
  beforeAll(async () => {
    s3 = await TestS3.start();
    store = await ServerStore.open(address, at(), 'mine', () => {});
  });
  afterAll(async () => {
    store?.close();
    await s3?.stop();
  });

  const keys = async () => (await s3.keys()).map((key) => key.replace('line-1/', ''));

  /** Puts the images of a job in place, and makes them available. */
  async function offered(job: number, files: Record<string, string>) {
    const folder = at('jobs', String(job));
    for (const place of Object.keys(files))
      await write(at('jobs', `${job}/images/${place}`), place);
    const list = JSON.stringify({ images: {}, files, mask: null });
    await write(at('jobs', `${job}/images.json`), list);
    const task = { kind: 'inspect', folder, replays: at('replays'), options: {} } as const;
    const run = store.filesOf(`job-${job}-1`, task);
    await run.offer();
    return run;
  }

  it('refuses the prefix of another server', async () => {
    await expect(ServerStore.open(address, at(), 'other', () => {})).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      remedy: expect.stringContaining('prefix of its own'),
    });
    (await ServerStore.open(address, at(), 'mine', () => {})).close();
  });

  it('offers each image once, and what a job has now rather than before', async () => {
    await write(at('jobs', '1', 'scores.jsonl'), '[1,2]\n');
    await offered(1, { 'x.png': hash('a'), 'y.png': hash('a') });
    const inputs = ['jobs/1/inputs/jobs/1/images.json', 'jobs/1/inputs/jobs/1/scores.jsonl'];
    const images = [`files/aa/${hash('a')}`];
    expect(await keys()).toEqual([...images, ...inputs, 'queue-id']);
    await rm(at('jobs', '1', 'scores.jsonl'));
    await offered(1, { 'x.png': hash('a') });
    expect(await keys()).toEqual([...images, ...inputs.slice(0, 1), 'queue-id']);
  });

  it('collects what a run made, nothing else, and the result last', async () => {
    const run = await offered(2, { 'x.png': hash('b') });
    const bucket = await S3Bucket.open(address, () => {});
    const stored = async (place: string, content: string) => {
      await write(at('made'), content);
      const file = await open(at('made'));
      await bucket.upload(`jobs/2/job-2-1/${place}`, file);
      await file.close();
    };
    await stored('jobs/2/scores.jsonl', '[1,2]\n');
    await stored('replays/part/learnt/0001.webp', 'image');
    for (const foreign of ['bigrid.sqlite', 'jobs/1/images.json', 'replays/../queue-id']) {
      await stored(foreign, 'foreign');
    }
    await run.collect();
    expect(await readFile(at('jobs', '2', 'scores.jsonl'), 'utf8')).toBe('[1,2]\n');
    expect(await readdir(at('replays', 'part', 'learnt'))).toEqual(['0001.webp']);
    expect(await readdir(at())).not.toContain('bigrid.sqlite');
    expect(await readFile(at('jobs', '1', 'images.json'), 'utf8')).not.toContain('foreign');
    await stored('jobs/2/result.json', '{}');
    await Promise.all([run.collect(), run.collect()]);
    expect(await readFile(at('jobs', '2', 'result.json'), 'utf8')).toBe('{}');
    expect((await keys()).filter((key) => key.startsWith('jobs/2/'))).toEqual([]);
    bucket.close();
  });

  it('removes what nothing needs, unless it is recent', async () => {
    await offered(3, { 'x.png': hash('c') });
    const later = Date.now() + 60_000;
    const before = await keys();
    await store.removeAllBut(new Set(), new Set(), 0);
    expect(await keys()).toEqual(before);
    await store.removeAllBut(new Set([hash('c')]), new Set([3]), later);
    const left = [`files/cc/${hash('c')}`, 'jobs/3/inputs/jobs/3/images.json', 'queue-id'];
    expect(await keys()).toEqual(left);
  });
});
