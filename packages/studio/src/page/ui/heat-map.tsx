import { heatRamp, type MapScale } from '@bigrid/inspect';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { AnomalyMap } from '../api/npy.ts';

interface HeatMapProps {
  readonly map: AnomalyMap;
  readonly scale: MapScale;
  readonly label: string;
  /** 0..1, times that of the colours. */
  readonly opacity?: number;
}

/** An anomaly map in colour, transparent up to the lowest value of the scale, to lie over its image. */
export function HeatMap({ map, scale, label, opacity = 1 }: HeatMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { lowest, highest } = scale;
  useLayoutEffect(() => {
    if (canvas.current) drawMap(canvas.current, map, { lowest, highest });
  }, [map, lowest, highest]);
  return <canvas ref={canvas} class="heat-map" role="img" aria-label={label} style={{ opacity }} />;
}

/** Draws a map at its own size; the browser interpolates when it is shown larger. */
function drawMap(canvas: HTMLCanvasElement, map: AnomalyMap, scale: MapScale): void {
  const { width, height, data } = map;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) return;
  const drawing = context.createImageData(width, height);
  for (let i = 0; i < data.length; i++) {
    const share = ((data[i] ?? 0) - scale.lowest) / (scale.highest - scale.lowest);
    // Not for NaN.
    if (!(share > 0)) continue;
    const at = 4 * Math.max(1, Math.round(255 * Math.min(1, share)));
    for (let channel = 0; channel < 4; channel++) {
      drawing.data[4 * i + channel] = heatRamp[at + channel] ?? 0;
    }
  }
  context.putImageData(drawing, 0, 0);
}
