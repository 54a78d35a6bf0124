import { zeroRuns, zerosInPlaceOf } from './zero-runs.ts';

/** Zero bytes in coded data that count as a run. */
const LEAST_RUN = 64;
/** Bytes that a truncation trial takes off: more than the decoder reads ahead. */
const TRIAL_BYTES = 16;
/** Bytes of a chunk's name and size, and of the frame header in an animation. */
const CHUNK_HEAD = 8;
const FRAME_HEAD = 16;

/**
 * Finds zeros in place of the coded data of a WebP's first frame: libwebp decodes zeros like any other bits. Flat areas may be
 * coded by runs of them. In place of anything else they code too many blocks or pixels, and the end of the data is not needed.
 *
 * @param decodes whether a changed copy of the bytes can be decoded without any warning
 * @returns a description of the damage for an error; undefined if there is none
 */
export async function webpDamage(
  bytes: Uint8Array,
  decodes: (bytes: Uint8Array) => Promise<boolean>,
): Promise<string | undefined> {
  const frame = firstFrame(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (frame === undefined) return undefined;
  const { chunk, data } = frame;
  const [run] = zeroRuns(data, 0, data.length, LEAST_RUN);
  if (run === undefined) return undefined;
  const isDamage = await decodes(asFile(chunk, data.subarray(0, -TRIAL_BYTES)));
  return isDamage ? zerosInPlaceOf('coded data', run) : undefined;
}

/** The coded data of the first frame, without its alpha channel. */
function firstFrame(bytes: Buffer): { chunk: string; data: Buffer } | undefined {
  let at = 12;
  while (at + CHUNK_HEAD <= bytes.length) {
    const chunk = bytes.toString('latin1', at, at + 4);
    const [start, size] = [at + CHUNK_HEAD, bytes.readUInt32LE(at + 4)];
    if (chunk === 'VP8 ' || chunk === 'VP8L') {
      return { chunk, data: bytes.subarray(start, start + size) };
    }
    at = chunk === 'ANMF' ? start + FRAME_HEAD : start + size + (size % 2);
  }
  return undefined;
}

/** A WebP file with only the coded data of a frame. */
function asFile(chunk: string, data: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head.write(`RIFF    WEBP${chunk}`, 'latin1');
  head.writeUInt32LE(12 + data.length + (data.length % 2), 4);
  head.writeUInt32LE(data.length, 16);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}
