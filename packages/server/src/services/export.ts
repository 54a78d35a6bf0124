import { PassThrough, type Readable } from 'node:stream';
import yazl from 'yazl';
import { folderOf } from './image-labels.ts';
import type { ProjectImage } from './images.ts';

/**
 * Labelled images as a zip archive in the layout of MVTec AD: `train/good`, `test/good`, `test/KIND`. They are read as the
 * archive is, one at a time.
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
  for (const image of images) {
    // Images are compressed already.
    const options = { compress: false, mtime: new Date(image.createdAt) };
    archive.addReadStreamLazy(`${folderOf(image)}/${image.name}`, options, (done) => {
      current = read(image.file);
      done(null, current);
    });
  }
  archive.end();
  archive.outputStream.pipe(out);
  return out;
}
