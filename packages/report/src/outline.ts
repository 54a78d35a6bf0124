import { bordersOf } from '@bigrid/inspect';
import { type Html, html } from './html.ts';

/**
 * The border of a mask as an SVG overlay that scales with its image. The border runs between pixels with its corners
 * cut; for a ragged mask it is traced at a lower resolution.
 *
 * @param mask width * height values, 0 or 1
 * @param longest maximum length in characters, approximately; the resolution is halved until it fits
 */
export function maskOutline(
  mask: Uint8Array,
  width: number,
  height: number,
  longest: number,
): Html {
  // The path is drawn twice: its rim and its line.
  const longestPath = longest / 2;
  let [bits, columns, rows, scale] = [mask, width, height, 1];
  let path = tracePath(bits, columns, rows);
  while (path.length > longestPath && columns > 8 && rows > 8) {
    ({ bits, columns, rows } = halve(bits, columns, rows));
    scale *= 2;
    path = tracePath(bits, columns, rows);
  }
  // The view box has twice the size, so that midpoints of pixel edges are integers.
  return html`<svg class="truth" viewBox="0 0 ${(width * 2) / scale} ${(height * 2) / scale}" preserveAspectRatio="none" aria-hidden="true"><path class="truth-rim" d="${path}"/><path class="truth-line" d="${path}"/></svg>`;
}

function tracePath(mask: Uint8Array, width: number, height: number): string {
  return bordersOf(mask, width, height).map(closedLine).join('');
}

function closedLine(points: readonly number[]): string {
  let [lastX, lastY] = [points[0] as number, points[1] as number];
  let text = `M${lastX} ${lastY}l`;
  let [runX, runY] = [0, 0];
  const flush = () => {
    if (runX !== 0 || runY !== 0) text += `${text.endsWith('l') ? '' : ' '}${runX} ${runY}`;
  };
  for (let i = 2; i < points.length; i += 2) {
    const [dx, dy] = [(points[i] as number) - lastX, (points[i + 1] as number) - lastY];
    [lastX, lastY] = [lastX + dx, lastY + dy];
    // A step in the same direction extends the run.
    const goesOn = runX * dy === runY * dx && runX * dx + runY * dy > 0;
    if (!goesOn) {
      flush();
      [runX, runY] = [0, 0];
    }
    runX += dx;
    runY += dy;
  }
  flush();
  return `${text}z`;
}

/** Halves a mask. A pixel is set if any of its four is, so that a thin scratch does not vanish. */
function halve(mask: Uint8Array, width: number, height: number) {
  const columns = Math.ceil(width / 2);
  const rows = Math.ceil(height / 2);
  const bits = new Uint8Array(columns * rows);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x]) bits[(y >> 1) * columns + (x >> 1)] = 1;
    }
  }
  return { bits, columns, rows };
}
