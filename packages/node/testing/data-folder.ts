import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import sharp from 'sharp';
import type { Dataset } from '../src/datasets/dataset.ts';
import { openDataset } from '../src/datasets/open-dataset.ts';

/** A folder of data that a test makes up; call `remove` after it. */
export class DataFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<DataFolder> {
    return new DataFolder(await mkdtemp(join(tmpdir(), 'bigrid-data-')));
  }

  at(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Files that are there and no more: their content is never asked for. */
  async files(...paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.write(path, '');
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(this.at(path)), { recursive: true });
    await writeFile(this.at(path), content);
  }

  async json(path: string, ...values: readonly unknown[]): Promise<void> {
    await this.write(path, values.map((value) => JSON.stringify(value)).join('\n'));
  }

  /** A PNG of these values, rows below each other: grey, or RGB where a value is a list. */
  async png(path: string, rows: readonly (readonly (number | readonly number[])[])[]) {
    const channels = Array.isArray(rows[0]?.[0]) ? 3 : 1;
    const data = Buffer.from(rows.flat(2) as number[]);
    const raw = { width: rows[0]?.length ?? 0, height: rows.length, channels } as const;
    await this.write(
      path,
      await sharp(data, { raw })
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .png()
        .toBuffer(),
    );
  }

  /** How a path in here is interpreted, with paths relative to this folder. */
  async understood(path: string, options = {}) {
    return this.describe(await openDataset(this.at(path), options));
  }

  describe({ layout, classes, ignored }: Dataset) {
    const short = (file: string) => relative(this.path, file).replaceAll('\\', '/');
    return {
      layout,
      classes: classes.map(({ name, training, test }) => ({
        name,
        training: training.map((entry) => short(entry.path)),
        test: test.map(
          (entry) => `${short(entry.path)} ${entry.defect}${entry.readMask ? ' mask' : ''}`,
        ),
      })),
      ignored: ignored.map(({ path, reason }) => `${short(path) || '.'}: ${reason}`),
    };
  }

  /** The mask of the test image at that path: rows of 0 and 1. */
  async mask(dataset: string, image: string, options = {}): Promise<number[][] | undefined> {
    const { classes } = await openDataset(this.at(dataset), options);
    const entry = classes.flatMap(({ test }) => test).find(({ path }) => path === this.at(image));
    const mask = await entry?.readMask?.();
    return mask && rowsOf(mask);
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true });
  }
}

/** A mask as rows of 0 and 1. */
export function rowsOf({
  width,
  height,
  data,
}: {
  width: number;
  height: number;
  data: Uint8Array;
}) {
  return Array.from({ length: height }, (_, y) =>
    [...data.subarray(y * width, (y + 1) * width)].map((value) => Number(value > 127)),
  );
}
