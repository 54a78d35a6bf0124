import { type Html, html } from './html.ts';

/** A longer path would weigh more than the picture that it is drawn on. */
const longestPath = 12_000;

/**
 * The border of a mask as a drawing to lay over its picture, whatever the size that one is shown at. The
 * border runs between pixels, its corners cut; inside a ragged mask it is followed on fewer pixels.
 *
 * @param mask width * height values, 0 or 1
 */
export function maskOutline(mask: Uint8Array, width: number, height: number): Html {
  let [bits, columns, rows, scale] = [mask, width, height, 1];
  let path = tracePath(bits, columns, rows);
  while (path.length > longestPath && columns > 8 && rows > 8) {
    ({ bits, columns, rows } = halve(bits, columns, rows));
    scale *= 2;
    path = tracePath(bits, columns, rows);
  }
  // Twice the size in the view box, so that the middles of pixel edges are whole numbers.
  return html`<svg class="truth" viewBox="0 0 ${(width * 2) / scale} ${(height * 2) / scale}" preserveAspectRatio="none" aria-hidden="true"><path class="truth-rim" d="${path}"/><path class="truth-line" d="${path}"/></svg>`;
}

/** Directions in order of a turn to the right: right, down, left, up. */
const steps = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/** Follows every border with the mask on its right hand; a closed line for each, through the middles of its edges. */
function tracePath(mask: Uint8Array, width: number, height: number): string {
  const inside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] !== 0;
  const visited = new Uint8Array(width * height);
  let path = '';
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Every border, of a hole too, has an edge that runs to the right along the top of a pixel inside.
      if (!inside(x, y) || inside(x, y - 1) || visited[y * width + x]) continue;
      path += closedLine(followBorder(x, y, inside, visited, width));
    }
  }
  return path;
}

/** Middles of the edges in doubled coordinates, x and y by turns. */
function followBorder(
  startX: number,
  startY: number,
  inside: (x: number, y: number) => boolean,
  visited: Uint8Array,
  width: number,
): number[] {
  const points: number[] = [];
  let [x, y, direction] = [startX, startY, 0];
  do {
    const [dx, dy] = steps[direction] as (typeof steps)[number];
    if (direction === 0) visited[y * width + x] = 1;
    points.push(2 * x + dx, 2 * y + dy);
    x += dx;
    y += dy;
    // The pixels ahead, on the left and on the right of the corner just reached.
    const right = pixelAt(x, y, dx, dy, 1);
    const left = pixelAt(x, y, dx, dy, -1);
    if (inside(...left)) direction = (direction + 3) % 4;
    else if (!inside(...right)) direction = (direction + 1) % 4;
  } while (x !== startX || y !== startY || direction !== 0);
  return points;
}

/** The pixel ahead of a corner, on the right (1) or on the left (-1) of the way. */
function pixelAt(x: number, y: number, dx: number, dy: number, side: 1 | -1): [number, number] {
  return [x + (dx - side * dy - 1) / 2, y + (dy + side * dx - 1) / 2];
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
    // A step in the same direction makes the run longer.
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

/** A pixel of the smaller mask is inside where any of its four is: a thin scratch must not vanish. */
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
