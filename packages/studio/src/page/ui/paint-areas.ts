import { type Corner, outlineOf, type Shape } from '../state/areas.ts';
import type { Size } from '../state/zoom.ts';

/** Areas of an image: those that were there before, and what was drawn since. */
export interface Areas extends Size {
  /** A mask as an image, white inside; undefined if there is none. */
  readonly before?: CanvasImageSource | undefined;
  readonly shapes: readonly Shape[];
}

/** Longest side of the mask that outlines are made of. */
const OUTLINE_SIDE = 1024;

/** Paints areas of an image opaque into a canvas of any size. @param scale pixels of the canvas per pixel of the image */
export function paintAreas(
  context: CanvasRenderingContext2D,
  { before, shapes, width, height }: Areas,
  scale: number,
): void {
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.globalCompositeOperation = 'source-over';
  context.clearRect(0, 0, width, height);
  if (before) context.drawImage(before, 0, 0, width, height);
  for (const shape of shapes) paintShape(context, shape, { width, height });
  context.globalCompositeOperation = 'source-over';
}

function paintShape(
  context: CanvasRenderingContext2D,
  shape: Shape,
  { width, height }: Size,
): void {
  if (shape.kind === 'clear') {
    context.clearRect(0, 0, width, height);
    return;
  }
  context.globalCompositeOperation = shape.kind === 'eraser' ? 'destination-out' : 'source-over';
  context.fillStyle = '#fff';
  context.strokeStyle = '#fff';
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.beginPath();
  tracePath(context, shape.corners);
  if (shape.kind === 'polygon') {
    context.closePath();
    context.fill('evenodd');
    return;
  }
  context.lineWidth = 2 * shape.radius;
  context.stroke();
}

function tracePath(context: CanvasRenderingContext2D, corners: readonly Corner[]): void {
  const [first, ...others] = corners;
  if (!first) return;
  context.moveTo(...first);
  // A canvas draws no lines without length, and a dab has one point.
  if (others.length === 0) context.lineTo(first[0] + 0.01, first[1]);
  for (const corner of others) context.lineTo(...corner);
}

/** The areas as a PNG of the size of the image: white inside, black outside. */
export async function maskPng(areas: Areas): Promise<Blob> {
  const { canvas, context } = painted(areas, 1);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalCompositeOperation = 'destination-over';
  context.fillStyle = '#000';
  context.fillRect(0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('PNG'))), 'image/png'),
  );
}

/** The areas as polygons in pixels of the image: as they were drawn, or traced where that was with a brush. */
export function polygonsOf(areas: Areas): Corner[][] {
  const { width, height, shapes, before } = areas;
  const polygons = shapes.flatMap((shape) =>
    shape.kind === 'polygon' ? [[...shape.corners]] : [],
  );
  if (!before && polygons.length === shapes.length) return polygons;
  // Small images are enlarged, so that outlines are as exact there.
  const { canvas, context } = painted(areas, OUTLINE_SIDE / Math.max(width, height));
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const mask = new Uint8Array(canvas.width * canvas.height);
  for (let at = 0; at < mask.length; at++) mask[at] = (data[4 * at + 3] ?? 0) > 127 ? 1 : 0;
  const outline = outlineOf(mask, canvas.width, canvas.height);
  const [x, y] = [width / canvas.width, height / canvas.height];
  return outline.length < 3
    ? []
    : [outline.map((corner): Corner => [corner[0] * x, corner[1] * y])];
}

function painted(areas: Areas, scale: number) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(areas.width * scale));
  canvas.height = Math.max(1, Math.round(areas.height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('Expected a canvas to draw on');
  paintAreas(context, areas, scale);
  return { canvas, context };
}

/** Turns a mask image, white on black, into one that is white on transparent, as areas are painted. */
export async function openMask(png: Blob): Promise<CanvasImageSource> {
  const bitmap = await createImageBitmap(png);
  const canvas = document.createElement('canvas');
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('Expected a canvas to draw on');
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    const isInside = (pixels.data[at] ?? 0) > 127;
    pixels.data.fill(isInside ? 255 : 0, at, at + 4);
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}
