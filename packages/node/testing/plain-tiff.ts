/** How a TIFF describes its pixels, apart from their size. */
export interface TiffTags {
  readonly photometric: number;
  /** Per pixel, those of colour among them. */
  readonly samples: number;
  /** ExtraSamples: 0 unspecified, 1 associated alpha, 2 alpha; the tag is left out where it is undefined. */
  readonly extra?: readonly number[];
  readonly compression?: number;
  readonly bits?: 8 | 16;
}

/** A TIFF without compression, of one strip. @param data as its tags say, row by row */
export function plainTiff(width: number, height: number, tags: TiffTags, data: Uint8Array): Buffer {
  const { photometric, samples, extra = [], compression = 1, bits = 8 } = tags;
  const entries: (readonly [tag: number, type: 3 | 4, values: readonly number[]])[] = [
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, new Array(samples).fill(bits)],
    [259, 3, [compression]],
    [262, 3, [photometric]],
    [273, 4, [8]],
    [277, 3, [samples]],
    [278, 4, [height]],
    [279, 4, [data.length]],
    [284, 3, [1]],
    ...(extra.length > 0 ? [[338, 3, extra] as const] : []),
  ];
  const directory = 8 + data.length + (data.length % 2);
  const far = directory + 2 + entries.length * 12 + 4;
  const bytes = Buffer.alloc(far + 64);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(directory, 4);
  Buffer.from(data).copy(bytes, 8);
  bytes.writeUInt16LE(entries.length, directory);
  let free = far;
  entries.forEach(([tag, type, values], index) => {
    const at = directory + 2 + index * 12;
    const size = type === 3 ? 2 : 4;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(values.length, at + 4);
    const isNear = values.length * size <= 4;
    if (!isNear) bytes.writeUInt32LE(free, at + 8);
    const place = isNear ? at + 8 : free;
    for (const [i, value] of values.entries()) bytes.writeUIntLE(value, place + i * size, size);
    if (!isNear) free += values.length * size;
  });
  return bytes;
}
