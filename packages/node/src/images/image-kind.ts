/** The supported image formats. */
export const knownKinds: ReadonlySet<string> = new Set([
  'PNG',
  'JPEG',
  'WebP',
  'TIFF',
  'AVIF',
  'GIF',
  'BMP',
]);

/**
 * Recognises the format of a file by its first bytes. Only supported formats reach the decoder, so that it never runs its
 * SVG or PDF readers on a file with an image extension; other formats are named in errors.
 */
export function imageKind(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 512));
  const text = head.toString('latin1');
  for (const [signature, kind] of signatures) if (text.startsWith(signature)) return kind;
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'WebP';
  if (text.startsWith('ftyp', 4)) return containerKind(head, text);
  if (/^(\ufeff|\xef\xbb\xbf)?\s*(<\?xml|<!DOCTYPE svg|<svg)/.test(text)) return 'SVG or XML';
  if (/^[\t\n\r -~]+$/.test(text)) return 'text';
  return 'a file of another kind';
}

const signatures: readonly (readonly [string, string])[] = [
  ['\x89PNG\r\n\x1a\n', 'PNG'],
  ['\xff\xd8\xff', 'JPEG'],
  ['GIF87a', 'GIF'],
  ['GIF89a', 'GIF'],
  ['II*\0', 'TIFF'],
  ['MM\0*', 'TIFF'],
  ['II+\0', 'TIFF'],
  ['MM\0+', 'TIFF'],
  ['BM', 'BMP'],
  ['%PDF', 'PDF'],
  ['PK\x03\x04', 'a ZIP archive'],
  ['\0\0\0\x0cJXL ', 'JPEG XL'],
  ['\0\0\0\x0cjP  ', 'JPEG 2000'],
  ['version https://git-lfs', 'a Git LFS pointer'],
];

/** ISO media files list compatible brands: `[size, "ftyp", major, version, brand...]`. */
function containerKind(head: Buffer, text: string): string {
  const size = head.byteLength >= 4 ? head.readUInt32BE(0) : 0;
  const brands: string[] = [text.slice(8, 12)];
  for (let at = 16; at + 4 <= Math.min(size, head.byteLength); at += 4) {
    brands.push(text.slice(at, at + 4));
  }
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'AVIF';
  if (brands.some((brand) => /^(heic|heix|hevc|mif1)$/.test(brand))) return 'HEIC';
  return 'a video';
}
