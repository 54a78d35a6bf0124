import type { Mask } from '@bigrid/inspect';

/** Lines per side, and the limits of their spacing in pixels. */
const linesASide = 48;
const narrowest = 6;
const widest = 20;
const lineColour = [150, 170, 190] as const;
/** Opacity of the drawing below a line, and between lines. */
const belowLine = 0.35;
const betweenLines = 0.7;

/**
 * Hatches the ignored areas of a drawing with light diagonal lines on a darkened background, which keeps them visible.
 * @param drawing 8-bit RGB, row by row; changed in place
 * @param ignored mask of any size, stretched over the drawing; above 127 is ignored
 */
export function hatch(
  { width, height, data }: { width: number; height: number; data: Uint8Array },
  ignored: Mask,
): void {
  const period = Math.round(
    Math.min(widest, Math.max(narrowest, Math.max(width, height) / linesASide)),
  );
  const lineWidth = Math.max(1, Math.round(period / 5));
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * ignored.height) / height) * ignored.width;
    for (let x = 0; x < width; x++) {
      const column = Math.floor(((x + 0.5) * ignored.width) / width);
      if ((ignored.data[row + column] as number) <= 127) continue;
      const isLine = (x + y) % period < lineWidth;
      for (let channel = 0; channel < 3; channel++) {
        const at = 3 * (y * width + x) + channel;
        const below = data[at] as number;
        data[at] = isLine
          ? Math.round(below * belowLine + (lineColour[channel] as number) * (1 - belowLine))
          : Math.round(below * betweenLines);
      }
    }
  }
}
