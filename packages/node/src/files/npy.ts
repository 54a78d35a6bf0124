import { endianness } from 'node:os';

/** Alignment of the data, in bytes. */
const ALIGNMENT = 64;
/** Bytes of the magic string, version 1.0 and the header length (two bytes). */
const PREAMBLE = 10;

/**
 * Encodes an array in NumPy's `.npy` format, version 1.0, for `numpy.load`: float32, row-major.
 * @param shape its product is the length of `data`
 */
export function encodeNpy(data: Float32Array, shape: readonly number[]): Uint8Array {
  const order = endianness() === 'LE' ? '<' : '>';
  // A Python tuple of one element ends in a comma.
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const description = `{'descr': '${order}f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  const unpadded = PREAMBLE + description.length + 1;
  const padding = ' '.repeat(Math.ceil(unpadded / ALIGNMENT) * ALIGNMENT - unpadded);
  const header = Buffer.from(`${description}${padding}\n`, 'latin1');
  const preamble = Buffer.from('\x93NUMPY\x01\x00\0\0', 'latin1');
  preamble.writeUInt16LE(header.length, PREAMBLE - 2);
  const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat([preamble, header, values]);
}
