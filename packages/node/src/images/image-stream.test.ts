import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { bitmap } from '../../testing/bitmap.ts';
import { imagesOfStream } from './image-stream.ts';

/** The bytes in chunks of one size. */
async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function found(content: string | Uint8Array, size = 65_536) {
  const images = [];
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  for await (const image of imagesOfStream(chunked(bytes, size), '-')) images.push(image);
  return images;
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

test('names that begin like images are paths', async () => {
  for (const given of [['BMW/1.png', 'BM.bmp'], ['RIFF.png'], ['PNG/a.png'], ['IIb.png', 'MM']]) {
    expect(await paths(given.join('\n'))).toEqual(given);
    expect(await paths(`${given.join('\0')}\0`)).toEqual(given);
  }
});

test('distinguishes every kind of image from paths, however the stream is split', async () => {
  const drawn = sharp({ create: { width: 30, height: 20, channels: 3, background: 'teal' } });
  const kinds = ['png', 'jpeg', 'webp', 'tiff', 'gif', 'avif'] as const;
  for (const bytes of [
    bitmap(30, 20),
    ...(await Promise.all(kinds.map((kind) => drawn.clone().toFormat(kind).toBuffer()))),
  ]) {
    for (const size of [5, 16, 4096]) {
      const [image, ...more] = await found(bytes, size);
      expect([image?.path, more]).toEqual(['-', []]);
      expect(await image?.read()).toMatchObject({ width: 30, height: 20 });
    }
  }
});

test('what is an image to others is named when it is read', async () => {
  const [image] = await found('%PDF-1.7\n%âãÏÓ\n');
  await expect(image?.read()).rejects.toMatchObject({
    code: 'IMAGE_UNREADABLE',
    message: expect.stringContaining('received PDF'),
  });
});

test('nothing, and a line without an end, are refused', async () => {
  await expect(found('')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(found('x'.repeat(70_000), 1000)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

/** Images of 20 rows, told apart by their widths. */
async function images(): Promise<Record<string, Buffer>> {
  const drawn = (width: number) =>
    sharp({ create: { width, height: 20, channels: 3, background: 'teal' } });
  const [exif, thumbnail] = [Buffer.from('Exif\0\0'), await drawn(4).jpeg().toBuffer()];
  const plain = await drawn(31).jpeg().toBuffer();
  const length = Buffer.alloc(2);
  length.writeUInt16BE(2 + exif.length + thumbnail.length);
  return {
    JPEG: await drawn(30).jpeg().toBuffer(),
    'JPEG with a thumbnail in it': Buffer.concat([
      plain.subarray(0, 2),
      Buffer.from([0xff, 0xe1]),
      length,
      exif,
      thumbnail,
      plain.subarray(2),
    ]),
    'progressive JPEG': await drawn(32).jpeg({ progressive: true }).toBuffer(),
    PNG: await drawn(33).png().toBuffer(),
    WebP: await drawn(34).webp().toBuffer(),
    BMP: bitmap(35, 20),
    GIF: await drawn(36).gif().toBuffer(),
  };
}

const widths = async (entries: Awaited<ReturnType<typeof found>>) =>
  Promise.all(
    entries.map(({ path, read }) =>
      read().then(
        ({ width }) => [path, width],
        ({ code }) => [path, code],
      ),
    ),
  );

test('images may follow one another, however the stream is cut, and with zeros in between', async () => {
  const all = Object.values(await images());
  const expected = [30, 31, 32, 33, 34, 35, 36].map((width, i) => [
    i === 0 ? '-' : `-#${i + 1}`,
    width,
  ]);
  for (const size of [7, 100, 4096, 65_536]) {
    expect(await widths(await found(Buffer.concat(all), size))).toEqual(expected);
    const padded = all.flatMap((bytes) => [bytes, Buffer.alloc(100)]);
    expect(await widths(await found(Buffer.concat(padded), size))).toEqual(expected);
  }
});

test('each image comes before the next one is sent', async () => {
  const { JPEG = Buffer.of(), PNG = Buffer.of() } = await images();
  let sent = 0;
  async function* camera() {
    for (const frame of [JPEG, PNG, JPEG, PNG]) {
      sent++;
      yield frame;
    }
  }
  let taken = 0;
  for await (const { path } of imagesOfStream(camera(), '-')) {
    expect(sent, path).toBe(++taken);
  }
  expect(taken).toBe(4);
});

test.each([
  ['text', Buffer.from('HTTP/1.1 200 OK, or so\r\n')],
  ['a file of another kind', Buffer.from([1, 2, 3])],
  ['PDF', Buffer.from('%PDF-1.7        ')],
  ['a file of another kind', Buffer.concat([Buffer.alloc(9), Buffer.of(1)])],
])('what follows images and is none of them (%s) is refused, after them', async (kind, rest) => {
  const { JPEG = Buffer.of(), PNG = Buffer.of() } = await images();
  const before: string[] = [];
  const stream = chunked(Buffer.concat([JPEG, PNG, rest]), 999);
  const reading = async () => {
    for await (const { path } of imagesOfStream(stream, '-')) before.push(path);
  };
  await expect(reading()).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: `Expected JPEG, PNG, BMP, GIF, WebP or nothing after 2 images of - but received ${kind}`,
  });
  expect(before).toEqual(['-', '-#2']);
});

test('an image that is cut short does not take the next ones with it', async () => {
  const { JPEG = Buffer.of(), PNG = Buffer.of() } = await images();
  const torn = Buffer.concat([JPEG, JPEG.subarray(0, -9), JPEG, PNG, PNG.subarray(0, -20)]);
  expect(await widths(await found(torn, 50))).toEqual([
    ['-', 30],
    ['-#2', 'IMAGE_UNREADABLE'],
    ['-#3', 30],
    ['-#4', 33],
    ['-#5', 'IMAGE_UNREADABLE'],
  ]);
});

test('memory holds one image of a long stream', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const noise = Uint8Array.from({ length: 600 * 600 * 3 }, (_, i) => (i * i * 31) >> 3);
  const frame = await sharp(noise, { raw: { width: 600, height: 600, channels: 3 } })
    .jpeg({ quality: 100 })
    .toBuffer();
  async function* camera() {
    for (let i = 0; i < 500; i++) yield frame;
  }
  const start = process.memoryUsage().arrayBuffers;
  let [count, most] = [0, 0];
  for await (const _ of imagesOfStream(camera(), '-')) {
    count++;
    // What was taken and let go of is garbage until it is collected.
    if (count % 100 === 0) {
      collectGarbage();
      most = Math.max(most, process.memoryUsage().arrayBuffers - start);
    }
  }
  expect(count).toBe(500);
  expect(frame.length * count).toBeGreaterThan(200e6);
  expect(most).toBeLessThan(120e6);
});
