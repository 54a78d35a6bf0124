import { digest, toHex } from '@bigrid/inspect';

interface FileOfPath {
  readonly file: File;
  /** With the folders that it was in, such as `test/scratch/1.png`. */
  readonly path: string;
}

/** A file to upload. */
export interface ChosenFile extends FileOfPath {
  /** Where the defect of the image is. */
  readonly mask?: FileOfPath;
}

const MASK = /^(.*\/)?ground_truth\/([^/]+)\/([^/]+)_mask\.png$/;

/** Files and folders that were dropped, without what systems put there. */
export async function droppedFiles(data: DataTransfer): Promise<ChosenFile[]> {
  // All at once: the list is empty after the first wait.
  const dropped = [...data.items].flatMap(
    (item) => item.webkitGetAsEntry() ?? item.getAsFile() ?? [],
  );
  const found: FileOfPath[] = [];
  for (const one of dropped) {
    if (one instanceof File) found.push({ file: one, path: one.name });
    else await collect(one, found);
  }
  return withMasks(found.filter(({ path }) => !isLeftOut(path)));
}

/** Files of an input, also of one that chooses folders. */
export function filesOf({ files }: HTMLInputElement): ChosenFile[] {
  const all = [...(files ?? [])].map((file) => ({
    file,
    path: file.webkitRelativePath || file.name,
  }));
  return withMasks(all.filter(({ path }) => !isLeftOut(path)));
}

/** Puts masks to their images: `ground_truth/KIND/NAME_mask.png` is that of `test/KIND/NAME`. Others stay on their own. */
function withMasks(files: readonly FileOfPath[]): ChosenFile[] {
  const masks = new Map<string, FileOfPath>();
  for (const file of files) {
    const [, above = '', kind, name] = MASK.exec(file.path) ?? [];
    if (kind !== undefined) masks.set(`${above}test/${kind}/${name}`, file);
  }
  const paired = files.map((file) => {
    const image = file.path.replace(/\.[^./]*$/, '');
    const mask = masks.get(image);
    return mask && masks.delete(image) ? { ...file, mask } : file;
  });
  const alone = new Set(masks.values());
  return paired.filter((file) => !MASK.test(file.path) || alone.has(file));
}

async function collect(entry: FileSystemEntry, found: FileOfPath[]): Promise<void> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, '') });
    return;
  }
  for (const child of await childrenOf(entry as FileSystemDirectoryEntry)) {
    await collect(child, found);
  }
}

/** Browsers give some of them at a time. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

/** Hidden files, what Windows and macOS add, and masks in layouts that do not say which image they are of. */
function isLeftOut(path: string): boolean {
  if (/(^|\/)(ground[_-]?truth|masks?)\//i.test(path) && !MASK.test(path)) return true;
  return /(^|\/)(\.[^/]*|__MACOSX|Thumbs\.db|desktop\.ini)(\/|$)/i.test(path);
}

/** Bytes of a file and its mask. */
export function sizeOf({ file, mask }: ChosenFile): number {
  return file.size + (mask?.file.size ?? 0);
}

/** Milliseconds for which sizes are looked up at a time. */
const SLICE = 8;

/** The sizes of files, some of them summed at a time: browsers look up each on the disk, and the page waits for it. */
export async function* sizesOf(files: readonly ChosenFile[]): AsyncGenerator<number> {
  for (let at = 0; at < files.length; ) {
    await new Promise((resolve) => setTimeout(resolve));
    const end = performance.now() + SLICE;
    let sum = 0;
    for (; at < files.length && performance.now() < end; at++)
      sum += sizeOf(files[at] as ChosenFile);
    yield sum;
  }
}

/** Bytes beyond which a file is an archive rather than an image. */
const LARGEST_HASHED = 2 ** 26;

/** SHA-256 of a file, in hex; undefined where it would block the page, or for what is no image. */
export async function hashOf(file: File): Promise<string | undefined> {
  if (!isSecureContext || file.size > LARGEST_HASHED) return undefined;
  // Files that cannot be read fail when they are sent.
  const bytes = await file.arrayBuffer().catch(() => undefined);
  return bytes && toHex(await digest(new Uint8Array(bytes)));
}

/** Whether a file is still there with its mask, as they were chosen. */
export async function isReadable({ file, mask }: ChosenFile): Promise<boolean> {
  const all = mask ? [file, mask.file] : [file];
  return Promise.all(all.map((one) => one.slice(0, 1).arrayBuffer())).then(
    () => true,
    () => false,
  );
}

/** An image with its mask goes in one request, so that neither arrives without the other. */
export function bodyOf({ file, path, mask }: ChosenFile): Blob | FormData {
  if (!mask) return file;
  const form = new FormData();
  form.append('file', file, path);
  form.append('file', mask.file, mask.path);
  return form;
}
