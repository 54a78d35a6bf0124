import { useCallback, useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Drift, History } from '../api/types.ts';
import { formatNumber, formatShare, t } from '../texts/index.ts';
import { axesOf, Chart, type ChartColours } from '../ui/chart.tsx';

type Bin = History['bins'][number];
type MeasureName = keyof History['reference'];

interface DriftChartsProps {
  readonly history: History;
  readonly drift: Drift | undefined;
  readonly threshold: number | undefined;
}

/** The share of alarms, and each measure against its band at calibration, over time. */
export function DriftCharts({ history, drift, threshold }: DriftChartsProps) {
  const names = Object.keys(history.reference) as MeasureName[];
  return (
    <section>
      <div class="drift-charts">
        <AlarmChart bins={history.bins} />
        {names.map((name) => (
          <MeasureChart
            key={name}
            name={name}
            history={history}
            measure={drift?.measures.find((measure) => measure.name === name)}
            threshold={name === 'score' ? threshold : undefined}
          />
        ))}
      </div>
      <p class="quiet small">{t.value.watch.band}</p>
    </section>
  );
}

function AlarmChart({ bins }: Pick<History, 'bins'>) {
  const { watch } = t.value;
  const sum = (of: (bin: Bin) => number) => bins.reduce((total, bin) => total + of(bin), 0);
  const data = useMemo<uPlot.AlignedData>(
    () => [
      timesOf(bins),
      bins.map(({ anomalous, count }) => (count === 0 ? null : anomalous / count)),
    ],
    [bins],
  );
  const options = useCallback(
    (colours: ChartColours) => ({
      ...common,
      axes: axesOf(colours, (value) => formatShare(value, 1)),
      scales: {
        y: {
          range: (_: uPlot, __: number, high: number): [number, number] => [
            0,
            Math.max(0.01, high * 1.1),
          ],
        },
      },
      series: [{}, { stroke: colours.bad, width: 2, points: { show: true, size: 4 } }],
    }),
    [],
  );
  return (
    <figure class="panel">
      <figcaption>
        <h2>{watch.share}</h2>
        <p class="quiet small number">
          {watch.shareNow(
            sum(({ anomalous }) => anomalous),
            sum(({ count }) => count),
          )}
        </p>
      </figcaption>
      <Chart label={watch.chartOf(watch.share)} data={data} options={options} />
    </figure>
  );
}

interface MeasureChartProps {
  readonly name: MeasureName;
  readonly history: History;
  readonly measure: Drift['measures'][number] | undefined;
  readonly threshold: number | undefined;
}

function MeasureChart({ name, history, measure, threshold }: MeasureChartProps) {
  const { watch } = t.value;
  const { bins, reference } = history;
  const band = reference[name];
  const data = useMemo<uPlot.AlignedData>(() => {
    const series = (['low', 'median', 'high'] as const).map((part) =>
      bins.map((bin) => bin[name]?.[part] ?? null),
    );
    return [timesOf(bins), ...series] as uPlot.AlignedData;
  }, [bins, name]);
  const { low, high } = band;
  const options = useCallback(
    (colours: ChartColours) => measureOptions(colours, { low, high, threshold }),
    [low, high, threshold],
  );
  return (
    <figure class="panel">
      <figcaption>
        <h2>
          {watch.measures[name]}{' '}
          {measure?.moved && <span class="badge tone-warning">{watch.moved}</span>}
        </h2>
        {measure && (
          <p class="quiet small number">
            {watch.outside(
              measure.outside.below + measure.outside.above,
              measure.now.count,
              formatNumber(measure.outside.expected * measure.now.count, 1),
            )}
          </p>
        )}
      </figcaption>
      <Chart label={watch.chartOf(watch.measures[name])} data={data} options={options} />
    </figure>
  );
}

interface Lines {
  readonly low: number;
  readonly high: number;
  readonly threshold: number | undefined;
}

/** The median as a line in the range of the values, and the band of calibration below both. */
function measureOptions(colours: ChartColours, { low, high, threshold = high }: Lines) {
  const range = (_: uPlot, least: number, most: number): [number, number] => {
    const [bottom, top] = [Math.min(least ?? low, low), Math.max(most ?? high, high, threshold)];
    const margin = (top - bottom || Math.abs(top) || 1) * 0.08;
    return [bottom - margin, top + margin];
  };
  return {
    ...common,
    axes: axesOf(colours, (value) => formatNumber(value, 3)),
    scales: { y: { range } },
    series: [
      {},
      { stroke: 'transparent', points: { show: false } },
      { stroke: colours.accent, width: 2, points: { show: true, size: 4 } },
      { stroke: 'transparent', points: { show: false } },
    ],
    bands: [
      {
        series: [3, 1] as [number, number],
        fill: `color-mix(in srgb, ${colours.accent} 22%, transparent)`,
      },
    ],
    hooks: {
      drawClear: [(chart: uPlot) => drawBand(chart, colours, low, high)],
      draw: [
        (chart: uPlot) => {
          if (threshold !== high) drawThreshold(chart, colours, threshold);
        },
      ],
    },
  };
}

function drawBand(
  { ctx, bbox, valToPos }: uPlot,
  { good }: ChartColours,
  low: number,
  high: number,
) {
  const [top, bottom] = [valToPos(high, 'y', true), valToPos(low, 'y', true)];
  ctx.save();
  ctx.globalAlpha = 0.18;
  ctx.fillStyle = good;
  ctx.fillRect(bbox.left, top, bbox.width, Math.max(1, bottom - top));
  ctx.restore();
}

function drawThreshold({ ctx, bbox, valToPos }: uPlot, { bad }: ChartColours, threshold: number) {
  const y = valToPos(threshold, 'y', true);
  ctx.save();
  ctx.strokeStyle = bad;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([6, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

const common = { legend: { show: false }, cursor: { show: false } };

/** Middles of bins, in seconds since 1970, as uPlot takes them. */
function timesOf(bins: readonly Bin[]): number[] {
  return bins.map(({ from, to }) => (Date.parse(from) + Date.parse(to)) / 2000);
}
