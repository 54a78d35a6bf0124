import { endianness } from 'node:os';

/** Header and data begin at multiples of this, in bytes. */
const ALIGNMENT = 64;
/** Magic bytes, version 1.0 and the length of what follows, in two bytes. */
const PREAMBLE = 10;

/**
 * An array as NumPy's `.npy` format, version 1.0, which `numpy.load` reads: float32, row-major.
 * @param shape whose product is the length of `data`
 */
export function encodeNpy(data: Float32Array, shape: readonly number[]): Uint8Array {
  const order = endianness() === 'LE' ? '<' : '>';
  // A tuple of one has a comma behind it.
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
