/** A Windows bitmap of 24 bits a pixel. @param rgb its pixels; black where it is missing */
export function bitmap(width: number, height: number, rgb = new Uint8Array(width * height * 3)) {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const bytes = Buffer.alloc(54 + stride * height);
  bytes.write('BM', 'latin1');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) {
    const row = 54 + stride * (height - 1 - y);
    for (let i = 0; i < width * 3; i++) {
      // Blue first.
      bytes[row + i] = rgb[y * width * 3 + i - (i % 3) + 2 - (i % 3)] ?? 0;
    }
  }
  return bytes;
}
