import { PassThrough, type Readable } from 'node:stream';
import yazl from 'yazl';
import { folderOf, maskPathOf } from './image-labels.ts';
import { placesOf } from './image-names.ts';
import type { ProjectImage } from './images.ts';

/**
 * Labelled images as a zip archive in the layout of MVTec AD: `train/good`, `test/good`, `test/KIND`, and masks in
 * `ground_truth/KIND`. They are read as the archive is, one at a time.
 * @param read opens a file by its SHA-256
 */
export function exportZip(
  images: Iterable<ProjectImage>,
  read: (hash: string) => Readable,
): Readable {
  const archive = new yazl.ZipFile();
  const out = new PassThrough();
  let current: Readable | undefined;
  archive.on('error', (error) => out.destroy(error as Error));
  // Nobody reads on when the client has left.
  out.on('close', () => current?.destroy());
  const add = (path: string, hash: string, createdAt: string) => {
    // Images are compressed already.
    const options = { compress: false, mtime: new Date(createdAt) };
    archive.addReadStreamLazy(path, options, (done) => {
      current = read(hash);
      done(null, current);
    });
  };
  for (const [{ file, groundTruth, createdAt }, place] of placesOf(images, folderOf)) {
    add(place, file, createdAt);
    if (groundTruth !== null) add(maskPathOf(place), groundTruth, createdAt);
  }
  archive.end();
  archive.outputStream.pipe(out);
  return out;
}
