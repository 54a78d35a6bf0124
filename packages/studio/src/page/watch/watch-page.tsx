import { useEffect, useState } from 'preact/hooks';
import { request } from '../api/client.ts';
import type { Drift, History, Stream } from '../api/types.ts';
import { loadModel, model, modelPath } from '../state/model.ts';
import { tellError } from '../state/notices.ts';
import { go, route } from '../state/route.ts';
import { loadStreams } from '../state/streams.ts';
import { t } from '../texts/index.ts';
import { Empty, Segments } from '../ui/controls.tsx';
import { Alerts } from './alerts.tsx';
import { DriftCharts } from './drift-charts.tsx';
import { DriftLine, StreamDrifts } from './drift-line.tsx';
import { VerdictLog } from './verdict-log.tsx';
import './watch-page.css';

/** Milliseconds back from now; undefined for all there is. */
const ranges = {
  hour: 3_600_000,
  day: 24 * 3_600_000,
  week: 7 * 24 * 3_600_000,
  month: 30 * 24 * 3_600_000,
  all: undefined,
} as const;
type RangeName = keyof typeof ranges;
const rangeNames = Object.keys(ranges) as RangeName[];

/** Milliseconds between two looks at the log while the page is visible. */
const REFRESH = 10_000;
const BINS = 60;
/** Inspections that the server needs to compare with those of calibration. */
const LEAST_FOR_DRIFT = 10;

interface Seen {
  readonly history: History;
  /** Undefined for too few inspections. */
  readonly drift: Drift | undefined;
  readonly streams: readonly Stream[];
  /** When the time shown begins; undefined for all there is. */
  readonly from: string | undefined;
}

/** What the model in use has judged: whether images drift, and the log of verdicts. */
export default function WatchPage() {
  const { watch, pages } = t.value;
  // The URL keeps the choice.
  const range = rangeNames.find((name) => name === route.value.detail) ?? 'day';
  const [seen, setSeen] = useState<Seen>();
  const name = model.value?.model;
  useEffect(() => {
    loadModel().catch(tellError);
  }, []);
  useEffect(
    () => (name === undefined ? undefined : keepLooking(name, range, setSeen)),
    [name, range],
  );
  if (model.value === undefined) return <p class="quiet">{t.value.app.loading}</p>;
  if (model.value === null) {
    return (
      <Empty title={watch.noModel}>
        <p>{watch.noModelHint}</p>
      </Empty>
    );
  }
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{pages.watch}</h1>
          <p>{watch.lead}</p>
        </div>
        <Segments
          label={watch.range}
          value={range}
          options={rangeNames.map((value) => ({ value, label: watch.ranges[value] }))}
          onChange={(detail) => go({ ...route.value, detail })}
        />
      </div>
      {seen && <Overview {...seen} />}
      <Alerts model={model.value.model} />
      {seen && <VerdictLog model={model.value.model} from={seen.from} />}
    </>
  );
}

function Overview({ history, drift, streams }: Seen) {
  const { watch } = t.value;
  if (history.bins.every(({ count }) => count === 0)) {
    return (
      <Empty title={watch.nothing}>
        <p>{watch.nothingHint}</p>
      </Empty>
    );
  }
  return (
    <>
      <StreamDrifts streams={streams} />
      <DriftLine drift={drift} />
      <DriftCharts
        history={history}
        drift={drift}
        threshold={model.value?.manifest.calibration.threshold}
      />
    </>
  );
}

/** Looks at the log now, and again and again while the page is visible. @returns stops it */
function keepLooking(name: string, range: RangeName, onSeen: (seen: Seen) => void): () => void {
  const gone = new AbortController();
  const { signal } = gone;
  const look = () => {
    if (document.hidden) return;
    load(name, range, signal).then(onSeen, (error: unknown) => {
      if (!signal.aborted) tellError(error);
    });
  };
  look();
  const timer = setInterval(look, REFRESH);
  document.addEventListener('visibilitychange', look, { signal });
  return () => {
    clearInterval(timer);
    gone.abort();
  };
}

async function load(name: string, range: RangeName, signal: AbortSignal): Promise<Seen> {
  const back = ranges[range];
  const from = back === undefined ? undefined : new Date(Date.now() - back).toISOString();
  const history = await request<History>(modelPath(name, undefined, '/history'), {
    query: { from, bins: BINS },
    signal,
  });
  const count = history.bins.reduce((sum, bin) => sum + bin.count, 0);
  const drift =
    count < LEAST_FOR_DRIFT
      ? undefined
      : await request<Drift>(modelPath(name, undefined, '/drift'), { signal });
  return { history, drift, streams: await loadStreams(name), from };
}
