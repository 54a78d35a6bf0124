import type { MapScale } from '@bigrid/inspect';
import type { Signal } from '@preact/signals';
import type { AnomalyMap } from '../api/npy.ts';
import type { Zoom } from '../state/zoom.ts';
import { t } from '../texts/index.ts';
import { HeatMap } from './heat-map.tsx';
import { ZoomView } from './zoom.tsx';
import './inspected-image.css';

/** A region of an image: the corners of its outline, [x, y], in pixels. */
export interface Outlined {
  readonly outline: readonly (readonly number[])[];
}

interface InspectedImageProps {
  readonly zoom: Signal<Zoom>;
  readonly src: string;
  /** Shown where the browser cannot read the format of `src`. */
  readonly fallback?: string | undefined;
  readonly name: string;
  /** Of the view; the name if left out. */
  readonly label?: string;
  /** In pixels, upright; outlines are in these. */
  readonly width: number;
  readonly height: number;
  readonly map?: AnomalyMap | undefined;
  readonly scale: MapScale;
  /** Of the heat map, 0..1. */
  readonly opacity?: number;
  readonly regions?: readonly Outlined[];
  /** Index of the region that is pointed out. */
  readonly chosen?: number | undefined;
}

/** An image under its heat map and the outlines of its regions. */
export function InspectedImage(props: InspectedImageProps) {
  const {
    zoom,
    src,
    fallback,
    name,
    label = name,
    width,
    height,
    map,
    scale,
    opacity,
    regions,
    chosen,
  } = props;
  const showFallback = ({ currentTarget }: Event) => {
    const image = currentTarget as HTMLImageElement;
    if (fallback !== undefined && !image.src.endsWith(fallback)) image.src = fallback;
  };
  return (
    <ZoomView zoom={zoom} width={width} height={height} label={label}>
      <img src={src} alt={name} decoding="async" draggable={false} onError={showFallback} />
      {map && (
        <HeatMap map={map} scale={scale} opacity={opacity} label={t.value.verdicts.heatMap} />
      )}
      {regions && <Outlines width={width} height={height} regions={regions} chosen={chosen} />}
    </ZoomView>
  );
}

/** Light on dark, so that they show on any image. */
function Outlines({
  width,
  height,
  regions = [],
  chosen,
}: Pick<InspectedImageProps, 'width' | 'height' | 'regions' | 'chosen'>) {
  return (
    <svg
      class="outlines"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {regions.flatMap(({ outline }, index) => {
        const points = outline.map((point) => point.join()).join(' ');
        return [
          <polygon key={`${index} below`} class="below" points={points} />,
          <polygon
            key={index}
            class={index === chosen ? 'above chosen' : 'above'}
            points={points}
          />,
        ];
      })}
    </svg>
  );
}
