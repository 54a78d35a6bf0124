// Damages images of every format in many ways and compares which of them Bigrid and Pillow refuse.
//
//   npm run bench:damaged -- DIR [--images 8] [--python python3]
//
// Needs a Python with Pillow. Prints a row per format and kind of damage:
//   files      damaged files
//   Pillow     those that Pillow refuses
//   Bigrid     those that Bigrid refuses
//   missed     Bigrid decodes, Pillow refuses: must be 0
//   harmless   Bigrid refuses, but Pillow decodes to the pixels of the undamaged file
//   unnoticed  both decode to other pixels than those of the undamaged file
// The undamaged files come first: none may be refused.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '@bigrid/method';
import { listImages } from '@bigrid/node';
import sharp from 'sharp';
import { decodeImage } from '../packages/node/dist/images/images.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: 'string', default: '8' },
    python: { type: 'string', default: 'python3' },
  },
});
const [folder] = positionals;
if (!folder) {
  console.error('Expected a folder of images, for example: npm run bench:damaged -- data/bottle');
  process.exit(64);
}
const BLOCK = 4096;
const random = new Random(1).fork('damaged images');

const quality = () => random.integer(50, 100);
const formats = {
  JPEG: (image) => image.jpeg({ quality: quality() }),
  'JPEG, optimised': (image) => image.jpeg({ quality: quality(), optimiseCoding: true }),
  'JPEG, progressive': (image) => image.jpeg({ quality: quality(), progressive: true }),
  PNG: (image) => image.png(),
  'PNG, interlaced': (image) => image.png({ progressive: true }),
  GIF: (image) => image.gif(),
  BMP: bitmap,
  WebP: (image) => image.webp({ quality: quality(), effort: random.integer(0, 4) }),
  'WebP, lossless': (image) => image.webp({ lossless: true, effort: 1 }),
  TIFF: (image) => image.tiff({ compression: 'none' }),
  'TIFF, LZW': (image) => image.tiff({ compression: 'lzw' }),
  'TIFF, LZW tiles': (image) => image.tiff({ compression: 'lzw', tile: true }),
  'TIFF, Deflate': (image) => image.tiff({ compression: 'deflate', predictor: 'none' }),
  'TIFF, PackBits': (image) => image.tiff({ compression: 'packbits' }),
  'TIFF, JPEG': (image) => image.tiff({ compression: 'jpeg', quality: quality() }),
  AVIF: (image) => image.avif({ effort: 0 }),
};

/** Undamaged images with large black areas, which are easily taken for damage. */
const black = {
  'black below the mean': (pixels) => {
    const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
    return pixels.map((value) => (value < mean ? 0 : value));
  },
  'black next to a shape': (pixels, width) => {
    const lean = random.uniform() / 50;
    const [left, top] = [random.integer(0, 80), random.integer(1, 60)];
    return pixels.map((value, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return x >= left && y > top + lean * x && y < width - top ? value : 0;
    });
  },
  'black bars': (pixels, width) => pixels.map((value, i) => (i < 300 * width ? 0 : value)),
};

const damages = {
  cut: (bytes) => [0.1, 0.5, 0.9, 0.99].map((share) => bytes.subarray(0, at(bytes, share))),
  'zero tail': (bytes) => [0.5, 0.8].map((share) => zeroed(bytes, at(bytes, share), bytes.length)),
  'zero tail from a block on': (bytes) =>
    [0.5, 0.8].map((share) => zeroed(bytes, block(at(bytes, share)), bytes.length)),
  '4 kB hole': (bytes) =>
    [0.3, 0.5, 0.8].map((share) => zeroed(bytes, at(bytes, share), at(bytes, share) + BLOCK)),
  '4 kB hole, a block': (bytes) =>
    [0.3, 0.5, 0.8].map((share) =>
      zeroed(bytes, block(at(bytes, share)), block(at(bytes, share)) + BLOCK),
    ),
  'bit flips': (bytes) => [1, 1, 8, 8].map((count) => flipped(bytes, count)),
};

const at = (bytes, share) => Math.floor(bytes.length * share);
const block = (offset) => Math.max(BLOCK, Math.round(offset / BLOCK) * BLOCK);

function zeroed(bytes, from, to) {
  return Buffer.from(bytes).fill(0, from, Math.min(to, bytes.length));
}

/** A position in the pixel data: not in the first or last tenth of the bytes. */
function flipped(bytes, count) {
  const changed = Buffer.from(bytes);
  for (let i = 0; i < count; i++) {
    const place = random.integer(at(bytes, 0.1), at(bytes, 0.9));
    changed[place] ^= 1 << random.integer(0, 7);
  }
  return changed;
}

function bitmap(image) {
  const toBuffer = async () => {
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const stride = Math.ceil((info.width * 3) / 4) * 4;
    const bytes = Buffer.alloc(54 + stride * info.height);
    bytes.write('BM', 'latin1');
    bytes.writeUInt32LE(bytes.length, 2);
    bytes.writeUInt32LE(54, 10);
    bytes.writeUInt32LE(40, 14);
    bytes.writeInt32LE(info.width, 18);
    bytes.writeInt32LE(info.height, 22);
    bytes.writeUInt16LE(1, 26);
    bytes.writeUInt16LE(24, 28);
    for (let y = 0; y < info.height; y++) {
      const row = 54 + stride * (info.height - 1 - y);
      for (let x = 0; x < info.width; x++)
        for (let c = 0; c < 3; c++) bytes[row + 3 * x + 2 - c] = data[(y * info.width + x) * 3 + c];
    }
    return bytes;
  };
  return { toBuffer };
}

/** @returns a hash of the pixels, or 'refused' */
async function bigrid(bytes) {
  try {
    const { data } = await decodeImage(bytes, 'image');
    return createHash('sha256').update(data).digest('hex');
  } catch (error) {
    if (error.code !== 'IMAGE_UNREADABLE') throw error;
    return 'refused';
  }
}

const all = await listImages(folder);
const paths = random
  .permutation(all.length)
  .slice(0, Number(values.images))
  .map((index) => all[index]);
const directory = await mkdtemp(join(tmpdir(), 'bigrid-damaged-'));
const files = [];
try {
  for (const path of paths) {
    const side = random.integer(240, 900);
    const source = await sharp(path)
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .removeAlpha()
      .png()
      .toBuffer();
    const { data, info } = await sharp(source).raw().toBuffer({ resolveWithObject: true });
    for (const [format, encode] of Object.entries(formats)) {
      for (const [kind, drawn] of Object.entries(black)) {
        const raw = drawn(data, info.width);
        await add(format, kind, await encode(sharp(raw, { raw: info })).toBuffer());
      }
      const whole = await encode(sharp(source)).toBuffer();
      const original = await add(format, 'none', whole);
      for (const [damage, make] of Object.entries(damages))
        for (const bytes of make(whole))
          if (!bytes.equals(whole)) await add(format, damage, bytes, original);
    }
  }
  const script = fileURLToPath(new URL('damaged/pillow.py', import.meta.url));
  const pillow = spawnSync(values.python, [script], {
    input: files.map(({ file }) => file).join('\n'),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (pillow.status !== 0) throw new Error(pillow.stderr);
  const answers = pillow.stdout.trim().split('\n');
  for (const [index, entry] of files.entries()) entry.pillow = JSON.parse(answers[index]);
  console.log(`${paths.length} images of ${folder}`);
  const kinds = ['none', ...Object.keys(black), ...Object.keys(damages)];
  for (const kind of kinds) for (const format of Object.keys(formats)) print(format, kind);
} finally {
  await rm(directory, { recursive: true });
}

async function add(format, damage, bytes, original) {
  const file = join(directory, `${files.length}`);
  await writeFile(file, bytes);
  const entry = { file, format, damage, original, bigrid: await bigrid(bytes) };
  files.push(entry);
  return entry;
}

function print(format, damage) {
  const rows = files.filter((entry) => entry.format === format && entry.damage === damage);
  const count = (matches) => rows.filter(matches).length;
  const figures = {
    files: rows.length,
    Pillow: count(({ pillow }) => pillow === 'refused'),
    Bigrid: count(({ bigrid }) => bigrid === 'refused'),
    missed: count(({ pillow, bigrid }) => pillow === 'refused' && bigrid !== 'refused'),
    harmless: count(
      ({ pillow, bigrid, original }) => bigrid === 'refused' && pillow === original?.pillow,
    ),
    unnoticed: count(
      ({ bigrid, pillow, original }) =>
        original && pillow !== 'refused' && bigrid !== 'refused' && bigrid !== original.bigrid,
    ),
  };
  const text = Object.entries(figures).map(([name, value]) => `${name} ${`${value}`.padStart(3)}`);
  console.log(`${damage.padEnd(26)} ${format.padEnd(18)} ${text.join('  ')}`);
}
