import { isImageName } from '@bigrid/node/internal';

/** Characters of a name that are kept; with extensions and numbers it stays below the 255 bytes of file systems. */
const LONGEST = 60;
const extensions: Record<string, string> = { JPEG: '.jpg', TIFF: '.tif' };

/**
 * A name that is safe as a file name on every system and that readers of folders take for an image.
 * @param given by a client: a name, or a path, of which the last part counts
 * @param format of the image, such as `PNG`
 */
export function safeName(given: string, format: string): string {
  const last = given.normalize('NFC').split(/[\\/]/).at(-1) ?? '';
  const dot = last.lastIndexOf('.');
  const hasEnding = isImageName(last);
  const ending = hasEnding ? last.slice(dot) : (extensions[format] ?? `.${format.toLowerCase()}`);
  const stem = (hasEnding ? last.slice(0, dot) : last)
    .replaceAll(/[^\p{L}\p{M}\p{N} ._()+=@,-]+/gu, '_')
    // Names that begin with a dot are hidden.
    .replace(/^[. ]+/, '')
    // Readers of folders take `x_mask.png` for the mask of `x.png`.
    .replace(/_mask$/i, '-mask');
  const short = [...stem].slice(0, LONGEST).join('').trimEnd();
  // Devices on Windows.
  const isDevice = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(short);
  return `${isDevice ? '_' : ''}${short || 'image'}${ending}`;
}

/** `part-12.png` for `part.png` and 12. */
export function numbered(name: string, number: number): string {
  const dot = name.lastIndexOf('.');
  return `${name.slice(0, dot)}-${number}${name.slice(dot)}`;
}

/**
 * Paths of images in folders, such as `test/scratch/part.png`; `part.png` if the folder is empty. Of two in a folder that differ only in the extension, the later
 * gets a number: readers of folders find masks by the name without it.
 */
export function placesOf<Named extends { readonly id: number; readonly name: string }>(
  images: Iterable<Named>,
  folderOf: (image: Named) => string,
): Map<Named, string> {
  const places = new Map<Named, string>();
  const taken = new Set<string>();
  const stemOf = (place: string) => place.slice(0, place.lastIndexOf('.')).toLowerCase();
  for (const image of images) {
    const folder = folderOf(image);
    const first = folder ? `${folder}/${image.name}` : image.name;
    let place = first;
    for (let number = image.id; taken.has(stemOf(place)); number++) place = numbered(first, number);
    taken.add(stemOf(place));
    places.set(image, place);
  }
  return places;
}
