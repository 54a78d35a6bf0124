import { mapScaleOf } from '@bigrid/inspect';
import { useMemo, useState } from 'preact/hooks';
import type { DetailedModelVersion } from '../api/types.ts';
import { originalUrl, thumbnailUrl } from '../state/images.ts';
import { project } from '../state/projects.ts';
import { t } from '../texts/index.ts';
import { InspectedImage } from '../ui/inspected-image.tsx';
import { useKeys } from '../ui/keys.ts';
import { useZoom } from '../ui/zoom.tsx';
import { Marking } from './marking.tsx';
import type { Review, Reviewed } from './review.ts';
import { useInspection } from './use-inspection.ts';
import { VerdictPanel } from './verdict-panel.tsx';
import { heatMapOpacity, isSideBySide, ViewOptions } from './view-options.tsx';

interface ReviewingProps {
  readonly review: Review;
  readonly version: DetailedModelVersion;
  readonly current: Reviewed;
  readonly step: (by: number) => void;
  readonly show: (image: number) => void;
}

/** One image with its heat map, its verdict, and what a person says of it. */
export function Reviewing({ review, version, current, step, show }: ReviewingProps) {
  const { image } = current;
  const name = project.value?.name ?? '';
  const zoom = useZoom();
  const scale = useMemo(() => mapScaleOf(version.manifest), [version]);
  const inspected = useInspection(name, image.id, version, review.setScore);
  const [chosen, choose] = useState<number>();
  const next = () => step(1);
  const previous = () => step(-1);
  useKeys({ arrowright: next, j: next, arrowleft: previous, k: previous });
  const shared = {
    zoom,
    scale,
    src: originalUrl(name, image),
    fallback: thumbnailUrl(name, image),
    name: image.name,
    width: image.width,
    height: image.height,
    regions: inspected?.result.regions ?? [],
    chosen,
  };
  return (
    <div class="reviewing">
      <div class="stage">
        <ViewOptions zoom={zoom} />
        <div class="views">
          {isSideBySide.value && <InspectedImage {...shared} />}
          <InspectedImage
            {...shared}
            label={`${image.name}, ${t.value.verdicts.heatMap}`}
            map={inspected?.map}
            opacity={heatMapOpacity.value}
          />
        </div>
      </div>
      <aside class="panel verdict-panel" aria-label={t.value.inspect.verdict}>
        <VerdictPanel current={current} inspected={inspected} chosen={chosen} onChoose={choose} />
        <Marking review={review} current={current} show={show} />
      </aside>
    </div>
  );
}
