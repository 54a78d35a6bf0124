/** Directions in clockwise order: right, down, left, up. */
const steps = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/**
 * Every border of a mask, including those of holes: closed lines along the edges between pixels inside and outside.
 * Pixels that touch at a corner are connected.
 * @param mask width * height values, row by row; 0 is outside
 * @returns for each border the midpoints of its edges, x and y alternating, in doubled coordinates: pixel (x, y) spans
 *   2x..2x + 2 and 2y..2y + 2
 */
export function bordersOf(mask: Uint8Array, width: number, height: number): number[][] {
  const visited = new Uint8Array(mask.length);
  const borders: number[][] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Every border, even that of a hole, has an edge that runs right along the top of a pixel inside.
      const at = y * width + x;
      if (!mask[at] || (y > 0 && mask[at - width]) || visited[at]) continue;
      borders.push(borderFrom(x, y, mask, width, height, visited));
    }
  }
  return borders;
}

/**
 * The border that runs right along the top of pixel (x, y), followed with the mask on its right.
 * @param visited is set where the border runs along the top of a pixel
 */
export function borderFrom(
  startX: number,
  startY: number,
  mask: Uint8Array,
  width: number,
  height: number,
  visited?: Uint8Array,
): number[] {
  const inside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] !== 0;
  const points: number[] = [];
  let [x, y, direction] = [startX, startY, 0];
  do {
    const [dx, dy] = steps[direction] as (typeof steps)[number];
    if (direction === 0 && visited) visited[y * width + x] = 1;
    points.push(2 * x + dx, 2 * y + dy);
    x += dx;
    y += dy;
    // The pixels ahead of the corner just reached, on the left and on the right.
    if (inside(...pixelAt(x, y, dx, dy, -1))) direction = (direction + 3) % 4;
    else if (!inside(...pixelAt(x, y, dx, dy, 1))) direction = (direction + 1) % 4;
  } while (x !== startX || y !== startY || direction !== 0);
  return points;
}

/** The pixel ahead of a corner, on the right (1) or on the left (-1). */
function pixelAt(x: number, y: number, dx: number, dy: number, side: 1 | -1): [number, number] {
  return [x + (dx - side * dy - 1) / 2, y + (dy + side * dx - 1) / 2];
}
