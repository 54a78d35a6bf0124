import type { Image, ImageEntry } from '../../ports.ts';
import type { Resizer } from '../resizer.ts';

/**
 * An image turned about its centre, with the same size. Its edges are continued outwards. Linear interpolation; quarter
 * turns of an undistorted image are exact.
 * @param degrees counterclockwise
 * @param aspect width over height of what it shows, if it was distorted to another size
 */
export function turned(image: Image, degrees: number, aspect = image.width / image.height): Image {
  const { width, height, data } = image;
  const angle = (degrees * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const result = new Uint8Array(data.length);
  const clamped = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const x = ((column + 0.5) / width - 0.5) * aspect;
      const y = (row + 0.5) / height - 0.5;
      const fromX = clamped(((cosine * x - sine * y) / aspect + 0.5) * width - 0.5, width);
      const fromY = clamped((sine * x + cosine * y + 0.5) * height - 0.5, height);
      const [left, top] = [Math.floor(fromX + 1e-6), Math.floor(fromY + 1e-6)];
      const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
      const [across, down] = [Math.max(0, fromX - left), Math.max(0, fromY - top)];
      for (let channel = 0; channel < 3; channel++) {
        const at = (y: number, x: number) => data[3 * (y * width + x) + channel] as number;
        const above = (1 - across) * at(top, left) + across * at(top, right);
        const below = (1 - across) * at(bottom, left) + across * at(bottom, right);
        result[3 * (row * width + column) + channel] = Math.round(
          (1 - down) * above + down * below,
        );
      }
    }
  }
  return { width, height, data: result };
}

/** An image with its mid-tones darker or brighter, 255 (v / 255)^gamma: darker above 1; black and white stay. */
export function withGamma({ data, ...size }: Image, gamma: number): Image {
  const levels = Uint8Array.from({ length: 256 }, (_, v) => Math.round(255 * (v / 255) ** gamma));
  return { ...size, data: data.map((value) => levels[value] as number) };
}

/** An entry whose image is turned after it was resized to the model's input. */
export interface TurnedEntry extends ImageEntry {
  /** Width over height of the original, once it was read. */
  aspect: number;
}

export function turnedEntry(
  entry: ImageEntry,
  degrees: number,
  resizer: Resizer,
  change: (image: Image) => Image = (image) => image,
): TurnedEntry {
  const own: TurnedEntry = {
    ...entry,
    aspect: 1,
    async read(takeRoom) {
      const image = await entry.read(takeRoom);
      own.aspect = image.width / image.height;
      const copy = turned(await resizer.resize(image), degrees, own.aspect);
      return change(copy);
    },
  };
  return own;
}
