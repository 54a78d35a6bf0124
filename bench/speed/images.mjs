// Synthetic images to measure with: no data is needed.

import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeSyntheticLine } from '../../packages/node/dist/synthetic/line.js';

/** Image sets by name: size, format and number of different images. */
export const imageKinds = {
  '256 px JPEG': { width: 256, height: 256, format: 'jpeg', count: 24 },
  '256 px PNG': { width: 256, height: 256, format: 'png', count: 24 },
  '900 x 900 JPEG': { width: 900, height: 900, format: 'jpeg', count: 24 },
  '900 x 900 PNG': { width: 900, height: 900, format: 'png', count: 24 },
  '4,000 x 3,000 JPEG': { width: 4000, height: 3000, format: 'jpeg', count: 4 },
  '4,000 x 3,000 PNG': { width: 4000, height: 3000, format: 'png', count: 4 },
};

/** Number of good training images of 900 x 900. */
const training = { width: 900, height: 900, format: 'png', count: 60 };

/** Number of parts drawn; each is rotated and mirrored into eight images. */
const drawn = 8;

/**
 * Writes a folder per set, and `train`, unless they exist.
 * @returns the folders by name
 */
export async function writeImages(folder) {
  const line = join(folder, 'drawn');
  const folders = {};
  for (const [name, kind] of Object.entries({ ...imageKinds, train: training })) {
    folders[name] = join(folder, name.replaceAll(/[ ,]+/g, '-'));
    if (existsSync(folders[name])) continue;
    if (!existsSync(line)) {
      await writeSyntheticLine(line, { goodCount: drawn, testGoodCount: 0, defectCount: 0 });
    }
    const parts = await readdir(join(line, 'train', 'good'));
    const grain = await grainOf(kind);
    await mkdir(`${folders[name]}.part`);
    for (let i = 0; i < kind.count; i++) {
      const part = join(line, 'train', 'good', parts[i % drawn]);
      const bytes = await imageOf(part, Math.floor(i / drawn), grain, kind);
      const file = `${String(i).padStart(3, '0')}.${kind.format}`;
      await writeFile(join(`${folders[name]}.part`, file), bytes);
    }
    await rename(`${folders[name]}.part`, folders[name]);
  }
  return folders;
}

/** Sensor noise, so that no size compresses too well. */
function grainOf({ width, height }) {
  const noise = { type: 'gaussian', mean: 128, sigma: 1 };
  return sharp({ create: { width, height, channels: 3, background: 'grey', noise } })
    .raw()
    .toBuffer();
}

/** A drawn part, rotated, mirrored and resized. */
async function imageOf(part, turn, grain, { width, height, format }) {
  const turned = await sharp(part)
    .rotate(90 * (turn % 4))
    .flip(turn >= 4)
    .toBuffer();
  const { data } = await sharp(turned)
    .resize(width, height, { fit: 'cover' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  for (let i = 0; i < data.length; i++)
    data[i] = Math.min(255, Math.max(0, data[i] + grain[i] - 128));
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return format === 'png'
    ? image.png({ compressionLevel: 5 }).toBuffer()
    : image.jpeg({ quality: 90 }).toBuffer();
}
