import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasS3, SECRET, TestS3, whyNoS3 } from '../../testing/s3.ts';
import { useFolder } from '../../testing/server.ts';
import { FileCache } from './file-cache.ts';
import { filePlace } from './files.ts';
import { S3Bucket } from './s3-bucket.ts';

const at = useFolder();

describe('S3Bucket', () => {
  it.each(['http://parts', 's3:///x', 's3://a', 's3://key:secret@parts/x', 's3://parts/a b'])(
    'refuses the address %s, and does not repeat it',
    async (address) => {
      await expect(S3Bucket.open(address, () => {})).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        message: expect.not.stringContaining(address),
      });
    },
  );
});

describe.runIf(hasS3)(`S3Bucket${whyNoS3}`, () => {
  let s3: TestS3;
  let bucket: S3Bucket;
  const lost: Error[] = [];
  beforeAll(async () => {
    s3 = await TestS3.start();
    bucket = await S3Bucket.open('s3://parts/line-1/', (error) => lost.push(error));
  });
  afterAll(async () => {
    bucket?.close();
    await s3?.stop();
  });

  async function upload(key: string, content: Uint8Array): Promise<void> {
    await writeFile(at('source'), content);
    const file = await open(at('source'));
    await bucket.upload(key, file);
    await file.close();
  }

  /** The error of a download, of which nothing is left. */
  async function failed(key: string, hash?: string): Promise<Error> {
    const download = bucket.download(key, at('target', 'file'), hash);
    const error = await download.then(
      () => new Error('It did not fail'),
      (one: Error) => one,
    );
    expect(await readdir(at('target')).catch(() => [])).toEqual([]);
    return error;
  }

  it.each([0, 100, 20 * 2 ** 20])('gives back a file of %i bytes', async (bytes) => {
    const content = randomBytes(bytes);
    expect(await bucket.has('a/b')).toBe(false);
    await upload('a/b', content);
    expect(await bucket.has('a/b')).toBe(true);
    expect((await bucket.list('a/')).map(({ key }) => key)).toEqual(['a/b']);
    expect(await s3.keys()).toEqual(['line-1/a/b']);
    await bucket.download('a/b', at('back', 'file'));
    expect(content.equals(await readFile(at('back', 'file')))).toBe(true);
    await bucket.remove('a/b');
    expect(await bucket.list('')).toEqual([]);
  });

  it('goes on after a connection that is cut in the middle, and leaves no half file', async () => {
    const content = randomBytes(2 ** 20);
    await upload('cut', content);
    s3.cutNext(2 ** 19);
    await bucket.download('cut', at('cut', 'file'));
    expect(content.equals(await readFile(at('cut', 'file')))).toBe(true);
    expect(await readdir(at('cut'))).toEqual(['file']);
  });

  it('leaves no file if an object is missing, or is not what was stored', async () => {
    expect(await failed('missing')).toMatchObject({ code: 'S3_DAMAGED' });
    await upload('changed', Buffer.from('abc'));
    expect(await failed('changed', 'f'.repeat(64))).toMatchObject({ code: 'S3_DAMAGED' });
    await s3.put('line-1/changed', 'abd');
    expect(await failed('changed')).toMatchObject({ code: 'S3_DAMAGED' });
  });

  it('tells once that it is away, without its secrets, and goes on once it is back', async () => {
    await upload('there', Buffer.from('abc'));
    s3.leave();
    for (const _ of [1, 2]) {
      const error = await failed('there');
      expect(error).toMatchObject({ code: 'S3_UNAVAILABLE' });
      expect(error.message).toMatch(/^Expected the bucket parts to answer but received: .+/);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(SECRET);
    }
    expect(lost).toMatchObject([{ code: 'S3_UNAVAILABLE' }]);
    s3.comeBack();
    expect(await bucket.readText('there')).toBe('abc');
    expect(await bucket.readText('elsewhere')).toBeUndefined();
  });

  it('says that there is no such bucket, and to a worker that there is none', async () => {
    const other = await S3Bucket.open('s3://other', () => {});
    await expect(other.list('')).rejects.toMatchObject({
      code: 'S3_UNAVAILABLE',
      message: expect.stringContaining('NoSuchBucket'),
    });
    await expect(other.readText('queue-id')).rejects.toMatchObject({ code: 'S3_UNAVAILABLE' });
    other.close();
  });

  it('has copies that make room for others, the least recently used first', async () => {
    const hashes: string[] = [];
    for (const text of ['first', 'second', 'third']) {
      const hash = createHash('sha256').update(text).digest('hex');
      await upload(filePlace(hash), Buffer.from(text));
      hashes.push(hash);
    }
    const kept = async () =>
      (await readdir(at('copies'), { recursive: true })).filter((name) => name.length > 60).length;
    const cache = await FileCache.open(at('copies'), bucket, 10);
    const [path] = await Promise.all(hashes.map((hash) => cache.get(hash)));
    expect(await readFile(path as string, 'utf8')).toBe('first');
    // Whatever uses them may open them only now.
    expect(await kept()).toBe(3);
    await writeFile(at('copies', 'files', '.left.tmp'), 'half');
    const next = await FileCache.open(at('copies'), bucket, 10);
    expect(await kept()).toBe(1);
    expect(await readdir(at('copies', 'files'))).not.toContain('.left.tmp');
    for (const hash of hashes) await readFile(await next.get(hash));
    await rm(at('copies', 'files'), { recursive: true });
    expect(await readFile(await next.get(hashes[0] as string), 'utf8')).toBe('first');
  });
});
