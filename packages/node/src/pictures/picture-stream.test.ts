import sharp from 'sharp';
import { expect, test } from 'vitest';
import { bitmap } from '../../testing/bitmap.ts';
import { picturesOfStream } from './picture-stream.ts';

/** The bytes in chunks of one size. */
async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function found(content: string | Uint8Array, size = 65_536) {
  const pictures = [];
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  for await (const picture of picturesOfStream(chunked(bytes, size), '-')) pictures.push(picture);
  return pictures;
}

const paths = async (content: string, size?: number) =>
  (await found(content, size)).map(({ path }) => path);

test('paths are the same, however the stream is cut', async () => {
  const given = ['/a/longer path.png', 'é/ü.jpg', 'x', '日本/図.png'];
  for (const size of [1, 2, 3, 7, 20, 1000]) {
    expect(await paths(given.join('\n'), size)).toEqual(given);
    expect(await paths(`${given.join('\r\n')}\r\n`, size)).toEqual(given);
  }
  for (const size of [20, 33, 1000]) expect(await paths(given.join('\0'), size)).toEqual(given);
});

test('names that begin like pictures are paths', async () => {
  for (const given of [['BMW/1.png', 'BM.bmp'], ['RIFF.png'], ['PNG/a.png'], ['IIb.png', 'MM']]) {
    expect(await paths(given.join('\n'))).toEqual(given);
    expect(await paths(`${given.join('\0')}\0`)).toEqual(given);
  }
});

test('every kind of picture is told from paths, however the stream is cut', async () => {
  const drawn = sharp({ create: { width: 30, height: 20, channels: 3, background: 'teal' } });
  const kinds = ['png', 'jpeg', 'webp', 'tiff', 'gif', 'avif'] as const;
  for (const bytes of [
    bitmap(30, 20),
    ...(await Promise.all(kinds.map((kind) => drawn.clone().toFormat(kind).toBuffer()))),
  ]) {
    for (const size of [5, 16, 4096]) {
      const [picture, ...more] = await found(bytes, size);
      expect([picture?.path, more]).toEqual(['-', []]);
      expect(await picture?.read()).toMatchObject({ width: 30, height: 20 });
    }
  }
});

test('what is a picture to others is named when it is read', async () => {
  const [picture] = await found('%PDF-1.7\n%âãÏÓ\n');
  await expect(picture?.read()).rejects.toMatchObject({
    code: 'PICTURE_UNREADABLE',
    message: expect.stringContaining('received PDF'),
  });
});

test('nothing, and a line without an end, are refused', async () => {
  await expect(found('')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(found('x'.repeat(70_000), 1000)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});
