import { type Judgement, mapScaleOf } from '@bigrid/inspect';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { AnomalyMap } from '../api/npy.ts';
import type { DetailedModelVersion, InspectionResult } from '../api/types.ts';
import { formatNumber, t } from '../texts/index.ts';
import { InspectedImage, type Outlined } from '../ui/inspected-image.tsx';
import { VerdictBadge } from '../ui/verdict.tsx';
import { useZoom } from '../ui/zoom.tsx';
import { heatMapOpacity, isSideBySide, ViewOptions } from './view-options.tsx';

/** What a line shows of an inspection. */
interface LiveVerdict
  extends Pick<
    InspectionResult,
    'score' | 'threshold' | 'verdict' | 'width' | 'height' | 'milliseconds'
  > {
  readonly regions: readonly Outlined[];
}

/** An image that was inspected a moment ago. */
export interface LiveFrame {
  readonly image: Blob;
  readonly name: string;
  readonly result: LiveVerdict;
  readonly map: AnomalyMap | undefined;
}

interface LiveStageProps {
  readonly version: DetailedModelVersion;
  readonly frame: LiveFrame;
  /** Images inspected per second. */
  readonly perSecond: number;
  /** The latest last. */
  readonly history: readonly Past[];
}

/** The latest image of a line under its heat map, and the verdicts before it. */
export function LiveStage({ version, frame, perSecond, history }: LiveStageProps) {
  const { inspect, verdicts } = t.value;
  const zoom = useZoom();
  const scale = useMemo(() => mapScaleOf(version.manifest), [version]);
  const src = useObjectUrl(frame.image);
  const { verdict, score, threshold, milliseconds, width, height, regions } = frame.result;
  const shared = { zoom, scale, src, name: frame.name, width, height, regions };
  return (
    <div class="stage">
      <ViewOptions zoom={zoom} />
      <div class="verdict-line">
        <VerdictBadge verdict={verdict} />
        <span class="number">
          {inspect.score(formatNumber(score, 2), formatNumber(threshold, 2))}
        </span>
        <span class="quiet number">
          {inspect.rate(formatNumber(perSecond, 1), formatNumber(milliseconds))}
        </span>
      </div>
      <div class="views live">
        {isSideBySide.value && <InspectedImage {...shared} />}
        <InspectedImage
          {...shared}
          label={`${frame.name}, ${verdicts.heatMap}`}
          map={frame.map}
          opacity={heatMapOpacity.value}
        />
      </div>
      <History history={history} threshold={threshold} />
    </div>
  );
}

export interface Past {
  readonly id: number;
  readonly score: number;
  readonly verdict: Judgement;
}

/** Verdicts that are remembered. */
const REMEMBERED = 120;

export function remembered(history: readonly Past[], latest: Past): readonly Past[] {
  return [...history, latest].slice(-REMEMBERED);
}

/** A bar for each of the latest images, as high as its score and in the colour of its verdict. */
function History({ history, threshold }: { history: readonly Past[]; threshold: number }) {
  const anomalous = history.filter(({ verdict }) => verdict === 'anomalous').length;
  const share = (score: number) => Math.min(1, Math.max(0.04, score / (2 * threshold || 1)));
  return (
    <div class="history" role="img" aria-label={t.value.inspect.history(anomalous, history.length)}>
      {history.map(({ id, score, verdict }) => (
        <span key={id} class={`tone-${verdict}`} style={{ height: `${100 * share(score)}%` }} />
      ))}
    </div>
  );
}

/** A URL of a blob, as long as it is shown. */
function useObjectUrl(blob: Blob): string {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url;
}
