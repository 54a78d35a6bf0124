import { type ZeroRun, zeroRuns, zerosInPlaceOf } from './zero-runs.ts';

/** Zero bytes in coded data that count as a run: they would fill a whole block with one and the same coefficient. */
const LEAST_RUN = 64;
/** Bytes that a truncation trial takes off: more than the decoder reads ahead. */
const TRIAL_BYTES = 16;

/** As many as a sequential image has scans at most: each trial takes as long as decoding. */
const MOST_TRIALS = 4;

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const DHT = 0xc4;
const APP0 = 0xe0;
const APP14 = 0xee;
/** What a sequential scan says of its coefficients: all 64, all of their bits. */
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

interface Structure {
  /** Whether a segment says what libjpeg warns of but can do without. */
  readonly isSloppy: boolean;
  readonly isProgressive: boolean;
  readonly scans: readonly Scan[];
  /** Where the end-of-image marker is; undefined where it is missing. */
  readonly end: number | undefined;
}

/**
 * Finds damage in a JPEG that the decoder passes over in silence: a missing end, and zeros in place of coded data. libjpeg
 * takes zeros for coefficients like any other bits, and stops reading once it has enough blocks.
 *
 * @param decodes whether a changed copy of the bytes can be decoded without any warning
 * @returns what is wrong, in words for an error; undefined where nothing is
 */
export async function jpegDamage(
  bytes: Uint8Array,
  decodes: (bytes: Uint8Array) => Promise<boolean>,
): Promise<string | undefined> {
  const { scans, isProgressive, end } = structureOf(bytes);
  if (end === undefined) return 'no end-of-image marker';
  let trials = 0;
  const decodesWithout = async (part: ZeroRun) =>
    trials++ < MOST_TRIALS && decodes(without(bytes, part));
  for (const scan of scans) {
    const runs = [...zeroRuns(bytes, scan.start, scan.end, LEAST_RUN)];
    const last = runs.at(-1);
    const isPadded = last?.end === scan.end && (await decodesWithout(last));
    const [run] = isPadded ? runs.slice(0, -1) : runs;
    if (run === undefined) continue;
    if (!scan.zerosAreFlat) return zerosInPlaceOf('coded data', run);
    // Of flat areas such runs are usual. In place of anything else they code too many blocks, and the end is not needed; in
    // a progressive JPEG, libjpeg warns of that.
    const tail = { start: scan.end - TRIAL_BYTES, end: scan.end };
    if (!isProgressive && (await decodesWithout(tail))) return zerosInPlaceOf('coded data', run);
  }
  return undefined;
}

/**
 * What has to end the decoding of a JPEG. libjpeg passes over wrong codes, and blocks that are missing or too many, with a
 * warning. So warnings count, unless the file has a sloppy header, which it warns of as well.
 */
export function strictnessFor(bytes: Uint8Array): 'warning' | 'error' {
  return structureOf(bytes).isSloppy ? 'error' : 'warning';
}

/** Without zeros before the end-of-image marker: some cameras pad coded data to whole words. Undefined where there are none. */
export function withoutPadding(bytes: Uint8Array): Uint8Array | undefined {
  const { end = 0 } = structureOf(bytes);
  let start = end;
  while (bytes[start - 1] === 0) start--;
  return start === end ? undefined : without(bytes, { start, end });
}

function without(bytes: Uint8Array, { start, end }: ZeroRun): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}

function structureOf(bytes: Uint8Array): Structure {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scans: Scan[] = [];
  /** What zero bits stand for, by table: its first symbol. */
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
    if (marker === EOI) return { scans, isSloppy, isProgressive, end: at - 2 };
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
  return { scans, isSloppy, isProgressive, end: undefined };
}

/** Another version of JFIF than 1, an unknown colour transform of Adobe, or a sequential scan that is said to be partial. */
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
