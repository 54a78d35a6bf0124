const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const DHT = 0xc4;
const APP0 = 0xe0;
const APP14 = 0xee;
/** Coefficient range of a sequential scan: all 64, with all bits. */
const WHOLE_SCAN = Buffer.from([0, 63, 0]);
/** Start of a progressive frame. */
const SOF2 = 0xc2;

/** One scan: some of the components' coded data. */
interface Scan {
  /** Of its coded data. */
  readonly start: number;
  readonly end: number;
  /** Whether zero bits code flat blocks; if not they code coefficients, and long runs of them never occur. */
  readonly zerosAreFlat: boolean;
}

/** The parts of a JPEG. */
export interface JpegStructure {
  /** Whether a segment has content that libjpeg warns about but does not need. */
  readonly isSloppy: boolean;
  readonly isProgressive: boolean;
  readonly scans: readonly Scan[];
  /** Offset of the end-of-image marker; undefined if it is missing. */
  readonly end: number | undefined;
  /** Offset of what follows: after the end, or at the start of another JPEG that truncates this one. */
  readonly next: number | undefined;
}

/** Parses the segments and scans of a JPEG, without decoding. */
export function jpegStructure(bytes: Uint8Array): JpegStructure {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scans: Scan[] = [];
  /** The symbol of the all-zero code, by table. */
  const codes = new Map<number, number>();
  let [isProgressive, isSloppy] = [false, false];
  let at = buffer[1] === SOI ? 2 : 0;
  for (;;) {
    // Fill bytes, and whatever else precedes a marker.
    at = buffer.indexOf(0xff, at);
    const marker = buffer[at + 1];
    if (at < 0 || marker === undefined) break;
    if (marker === 0xff || marker === 0) {
      at++;
      continue;
    }
    at += 2;
    if (marker === EOI) return { scans, isSloppy, isProgressive, end: at - 2, next: at };
    if (marker === SOI) return { scans, isSloppy, isProgressive, end: undefined, next: at - 2 };
    if (at + 2 > buffer.length) break;
    const segment = buffer.subarray(at + 2, at + buffer.readUInt16BE(at));
    at += Math.max(2, buffer.readUInt16BE(at));
    if (isUnusual(marker, segment, isProgressive)) isSloppy = true;
    if (marker === SOF2) isProgressive = true;
    else if (marker === DHT) addCodes(segment, codes);
    else if (marker === SOS) {
      const end = endOfScan(buffer, at);
      scans.push({ start: at, end, zerosAreFlat: zerosAreFlat(segment, codes) });
      at = end;
    }
  }
  return { scans, isSloppy, isProgressive, end: undefined, next: undefined };
}

/** A JFIF version other than 1, an unknown Adobe colour transform, or a sequential scan marked as partial. */
function isUnusual(marker: number, segment: Buffer, isProgressive: boolean): boolean {
  const text = segment.toString('latin1', 0, 5);
  if (marker === APP0) return text === 'JFIF\0' && segment[5] !== 1;
  if (marker === APP14) return text === 'Adobe' && (segment[11] ?? 0) > 2;
  if (marker !== SOS || isProgressive) return false;
  return !segment.subarray(1 + 2 * (segment[0] ?? 0)).equals(WHOLE_SCAN);
}

/** Coded data end at a marker other than a restart; 0xff within them is followed by a zero. */
function endOfScan(buffer: Buffer, start: number): number {
  let at = buffer.indexOf(0xff, start);
  while (at >= 0) {
    const next = buffer[at + 1];
    if (next === undefined) break;
    const isData = next === 0 || next === 0xff || (next >= 0xd0 && next <= 0xd7);
    if (!isData) return at;
    at = buffer.indexOf(0xff, next === 0xff ? at + 1 : at + 2);
  }
  return buffer.length;
}

/** Each table: its class and number, how many codes there are of 1 to 16 bits, and their symbols, the all-zero code's first. */
function addCodes(segment: Buffer, codes: Map<number, number>): void {
  for (let at = 0; at + 17 < segment.length; ) {
    const count = segment.subarray(at + 1, at + 17).reduce((sum, value) => sum + value, 0);
    codes.set(segment[at] ?? 0, segment[at + 17] ?? 0);
    at += 17 + count;
  }
}

/**
 * Whether in every component of a scan zeros stand for no change of brightness, and for no coefficients. In a scan that refines
 * those of others each bit is a coefficient's, and most are zero.
 *
 * @param header the number of components, two bytes each, the first and last coefficient, and which bits of them
 */
function zerosAreFlat(header: Buffer, codes: ReadonlyMap<number, number>): boolean {
  const components = header[0] ?? 0;
  const [first = 0, last = 0, bits = 0] = header.subarray(1 + 2 * components);
  if (bits >> 4 > 0) return true;
  for (let index = 0; index < components; index++) {
    const tables = header[2 + 2 * index] ?? 0;
    // A table that is missing is the decoder's to judge.
    const brightness = codes.get(tables >> 4) ?? 0;
    const detail = codes.get(0x10 | (tables & 15)) ?? 0;
    if (first === 0 && brightness !== 0) return false;
    // The lower half of a symbol says how many bits of a coefficient follow.
    if (last > 0 && (detail & 15) !== 0) return false;
  }
  return true;
}
