import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { failToWrite, writeAtomically } from '@bigrid/node/internal';
import { type ImageList, imageListSchema, jobFiles, previewFile } from '../job-files.ts';

/** An image of a job: a stored file, and where the job finds it. */
export interface PlacedImage {
  readonly id: number;
  readonly name: string;
  /** Path of the stored file, whose name is its SHA-256. */
  readonly file: string;
  /** Its path below the folder of images, with slashes: `train/good/1.png`. */
  readonly place: string;
  /** Its ground truth: a stored file, and where the job finds it. */
  readonly mask?: { readonly file: string; readonly place: string } | undefined;
}

/** The folders in which jobs work, one per job: its images, its checkpoint, its result. */
export class JobFolders {
  readonly #folder: string;

  /** @param folder of all data */
  constructor(folder: string) {
    this.#folder = join(folder, 'jobs');
  }

  pathOf(job: number): string {
    return join(this.#folder, String(job));
  }

  /** The images of a job that are in place: a job that is taken up again works on the same ones. */
  async prepared(job: number): Promise<ImageList | undefined> {
    const path = join(this.pathOf(job), jobFiles.list);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    // One of an earlier version may lack something: the images are put in place again.
    return text === undefined ? undefined : imageListSchema.safeParse(JSON.parse(text)).data;
  }

  /** Puts the images of a job in place, as links to the stored files. @throws OUTPUT_UNWRITABLE */
  async prepare(
    job: number,
    images: readonly PlacedImage[],
    mask?: Uint8Array,
  ): Promise<ImageList> {
    const folder = this.pathOf(job);
    const placed = images.flatMap(({ mask, ...image }) => (mask ? [image, mask] : [image]));
    try {
      await this.forgetImages(job);
      for (const parent of new Set(placed.map(({ place }) => dirname(place)))) {
        await mkdir(join(folder, jobFiles.images, parent), { recursive: true });
      }
      for (const { file, place } of placed)
        await placeFile(file, join(folder, jobFiles.images, place));
    } catch (error) {
      failToWrite(folder, error);
    }
    if (mask) await writeAtomically(join(folder, jobFiles.mask), mask);
    const list: ImageList = {
      images: Object.fromEntries(images.map(({ place, id, name }) => [place, { id, name }])),
      files: Object.fromEntries(placed.map(({ place, file }) => [place, basename(file)])),
      mask: mask ? createHash('sha256').update(mask).digest('hex') : null,
    };
    // Written last: with it, the images are complete.
    await writeAtomically(join(folder, jobFiles.list), JSON.stringify(list));
    return list;
  }

  /** Removes the images of a job but not its checkpoint, so that it gets those that the project has then. */
  async forgetImages(job: number): Promise<void> {
    const folder = this.pathOf(job);
    for (const name of [jobFiles.list, jobFiles.images, jobFiles.mask, jobFiles.scores]) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  /** What the process of a job left as its result, as JSON; undefined if it did not come to its end. */
  result(job: number): Promise<string | undefined> {
    return readFile(join(this.pathOf(job), jobFiles.result), 'utf8').catch(() => undefined);
  }

  /** The map of an image in a preview; undefined if there is none. */
  preview(job: number, step: number, image: number): Promise<Uint8Array | undefined> {
    return readFile(join(this.pathOf(job), previewFile(step, image))).catch(() => undefined);
  }

  /** The report of a job; undefined if it has none. */
  report(job: number): Promise<Uint8Array | undefined> {
    return readFile(join(this.pathOf(job), jobFiles.report)).catch(() => undefined);
  }

  /** Removes what only a job that is not done needs. */
  async tidy(job: number): Promise<void> {
    const folder = this.pathOf(job);
    const names = await readdir(folder).catch((): string[] => []);
    if (!names.includes(jobFiles.kept)) return this.remove(job);
    for (const name of names) {
      if (name !== jobFiles.kept) await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  async remove(job: number): Promise<void> {
    await rm(this.pathOf(job), { recursive: true, force: true });
  }

  /** Removes the folders of all other jobs, and tidies those of jobs that are done. */
  async removeAllBut(
    jobs: readonly { readonly id: number; readonly isDone: boolean }[],
  ): Promise<void> {
    const known = new Map(jobs.map(({ id, isDone }) => [String(id), isDone]));
    for (const name of await readdir(this.#folder).catch((): string[] => [])) {
      const isDone = known.get(name);
      if (isDone === undefined)
        await rm(join(this.#folder, name), { recursive: true, force: true });
      else if (isDone) await this.tidy(Number(name));
    }
  }
}

/** A hard link, or a copy where the file system has none. */
async function placeFile(file: string, path: string): Promise<void> {
  await link(file, path).catch(() => copyFile(file, path));
}
