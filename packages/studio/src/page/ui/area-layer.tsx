import { useLayoutEffect, useRef } from 'preact/hooks';
import { type Areas, paintAreas } from './paint-areas.ts';

/** Longest side of the canvas, in pixels. */
const MOST = 1600;
/** Distance of the lines of a hatching, in pixels of the canvas. */
const HATCH = 12;

interface AreaLayerProps {
  readonly areas: Areas;
  /** A colour of the tokens, such as `--warn`. */
  readonly colour: string;
  readonly label: string;
}

/** Areas of an image, hatched: a layer of a zoom view. */
export function AreaLayer({ areas, colour, label }: AreaLayerProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height, shapes, before } = areas;
  const scale = Math.min(1, MOST / Math.max(width, height));
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    paintAreas(context, { width, height, shapes, before }, scale);
    hatch(context, getComputedStyle(context.canvas).getPropertyValue(colour));
  }, [width, height, shapes, before, colour]);
  return (
    <canvas
      ref={canvas}
      width={Math.round(width * scale)}
      height={Math.round(height * scale)}
      role="img"
      aria-label={label}
    />
  );
}

/** Hatches what is painted. */
function hatch(context: CanvasRenderingContext2D, colour: string): void {
  const tile = document.createElement('canvas');
  tile.width = HATCH;
  tile.height = HATCH;
  const drawing = tile.getContext('2d');
  if (!drawing) return;
  drawing.globalAlpha = 0.28;
  drawing.fillStyle = colour;
  drawing.fillRect(0, 0, HATCH, HATCH);
  drawing.globalAlpha = 0.9;
  drawing.strokeStyle = colour;
  drawing.lineWidth = 2;
  for (const shift of [-HATCH, 0, HATCH]) {
    drawing.moveTo(shift - 2, HATCH + 2);
    drawing.lineTo(shift + HATCH + 2, -2);
  }
  drawing.stroke();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalCompositeOperation = 'source-in';
  context.fillStyle = context.createPattern(tile, 'repeat') ?? colour;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.globalCompositeOperation = 'source-over';
}
