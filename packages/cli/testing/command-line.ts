import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll } from 'vitest';

export const bin = fileURLToPath(new URL('../bin/bigrid.js', import.meta.url));

/** Flags for a training of about a second. */
export const tiny = ['--epochs', '1', '--size', '64', '--threads', '1'];

export interface Ended {
  /** As a shell has it: 128 and the number of a signal that ended the command. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command line and waits for it. */
export function bigrid(...words: string[]): Promise<Ended> {
  return ended(start(words));
}

/** Starts it without waiting, to interrupt it or to close its output. */
export function start(words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  // Test runners force colours, which a user's shell does not.
  const plain = { ...process.env, DEBUG: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined };
  return spawn(process.execPath, [bin, ...words], { env: { ...plain, ...env } });
}

export function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve, reject) =>
    // A process that cannot be started emits no close event.
    child
      .on('error', reject)
      .on('close', (code, signal) => resolve({ code: code ?? signalled(signal), stdout, stderr })),
  );
}

function signalled(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Interrupts a command as Ctrl-C does, shortly after its output meets a condition. */
export async function interruptAt(
  isTime: (output: string) => boolean,
  words: readonly string[],
  times = 1,
): Promise<Ended> {
  const child = start(words);
  let [waiting, output] = [true, ''];
  const look = async (text: unknown) => {
    output += text;
    if (!waiting || !isTime(output)) return;
    waiting = false;
    for (let i = 0; i < times; i++) {
      await setTimeout(300);
      child.kill('SIGINT');
    }
  };
  child.stderr?.on('data', look);
  child.stdout?.on('data', look);
  return ended(child);
}

/** Whether a text is free of escape codes and carriage returns. */
export function isPlain(text: string): boolean {
  return !text.includes('\u001b') && !text.includes('\r');
}

/** Returns paths in a temporary folder. */
export type At = (...parts: string[]) => string;

/** Makes a folder before the tests of a file and removes it after them. @returns gives paths in it, once tests run */
export function useTemporaryFolder(): At {
  let path: string;
  // A class is named after its folder, and its name seeds what is held out, so it must not be random.
  const name = 'line';
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'bigrid-cli-'));
    await mkdir(join(path, name));
  });
  afterAll(() => rm(path, { recursive: true, force: true }));
  return (...parts) => join(path, name, ...parts);
}

/** Trains `model.onnx` on a number of good images, which it leaves in `good`. @returns the model file */
export async function trainTiny(at: At, images = 8): Promise<string> {
  await writeImages(at('good'), images);
  const { code, stderr } = await bigrid('train', at('good'), '--out', at('model.onnx'), ...tiny);
  if (code !== 0) throw new Error(stderr);
  return at('model.onnx');
}

/** Bytes of a small PNG: stripes with noise, and a bright spot where it should be defective. */
export async function imageBytes(seed: number, defective = false): Promise<Buffer> {
  const side = 64;
  let state = seed * 7919 + 1;
  const data = Buffer.alloc(side * side * 3);
  for (let i = 0; i < data.length; i++) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    const x = Math.floor(i / 3) % side;
    data[i] = 90 + 50 * Math.floor((x % 16) / 8) + ((state >> 16) % 20);
  }
  for (let y = 20; defective && y < 40; y++)
    data.fill(255, (y * side + 20) * 3, (y * side + 40) * 3);
  return sharp(data, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();
}

/** @param first seed of the first image; other seeds give other images */
export async function writeImages(
  folder: string,
  count: number,
  defective = false,
  first = 0,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    await write(join(folder, `${i}.png`), await imageBytes(first + i, defective));
  }
}

/** Writes a file, and the folders above it. */
export async function write(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

/** A PNG whose header states 20,000 x 20,000 pixels, with almost no data. */
export async function hugeImage(): Promise<Buffer> {
  const bytes = Buffer.from(await imageBytes(0));
  bytes.writeUInt32BE(20_000, 16);
  bytes.writeUInt32BE(20_000, 20);
  // The checksum covers the type and the content of the header.
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return bytes;
}

/** A TIFF with these images as pages. */
export async function pagesBytes(images: readonly Buffer[]): Promise<Buffer> {
  return sharp([...images], { join: { animated: true } })
    .tiff({ compression: 'lzw' })
    .toBuffer();
}

/** The same image as one pixel, in grey, of 16 bits, half transparent, for print, and lying on its side. */
export async function writeKinds(folder: string, seed: number): Promise<void> {
  const image = sharp(await imageBytes(seed));
  await write(join(folder, 'pixel.png'), await image.clone().resize(1, 1).png().toBuffer());
  await write(join(folder, 'grey.png'), await image.clone().toColourspace('b-w').png().toBuffer());
  await write(
    join(folder, 'deep.png'),
    await image.clone().toColourspace('rgb16').png().toBuffer(),
  );
  await write(join(folder, 'clear.png'), await image.clone().ensureAlpha(0.5).png().toBuffer());
  await write(
    join(folder, 'print.jpg'),
    await image.clone().toColourspace('cmyk').jpeg().toBuffer(),
  );
  await write(
    join(folder, 'turned.jpg'),
    await image.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  );
}

/** A JPEG cut in the middle. */
export async function truncatedJpeg(): Promise<Buffer> {
  const whole = await sharp(await imageBytes(3))
    .jpeg()
    .toBuffer();
  return whole.subarray(0, whole.length / 2);
}

/** A product in the layout of MVTec AD with 8 good training images, 2 good test images, 2 with a spot, and masks. */
export async function writeProduct(folder: string): Promise<void> {
  await writeImages(join(folder, 'train', 'good'), 8);
  await writeImages(join(folder, 'test', 'good'), 2, false, 50);
  await writeImages(join(folder, 'test', 'spot'), 2, true);
  const white = sharp({ create: { width: 20, height: 20, channels: 3, background: 'white' } });
  const mask = await white
    .extend({ left: 20, top: 20, right: 24, bottom: 24, background: 'black' })
    .png()
    .toBuffer();
  for (const name of ['0', '1'])
    await write(join(folder, 'ground_truth', 'spot', `${name}_mask.png`), mask);
}
