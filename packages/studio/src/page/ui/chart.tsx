import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { scheme } from '../state/theme.ts';
import { language } from '../texts/index.ts';
import './chart.css';

interface ChartProps {
  /** What the chart shows, in words, for those who do not see it. */
  readonly label: string;
  /** Horizontal values, then those of each series, null where there is none. */
  readonly data: uPlot.AlignedData;
  /** Makes the options with the colours of the theme; the size is added to them. */
  readonly options: (colours: ChartColours) => Omit<uPlot.Options, 'width' | 'height'>;
  readonly height?: number;
}

export interface ChartColours {
  readonly ink: string;
  readonly line: string;
  readonly accent: string;
  readonly good: string;
  readonly bad: string;
  readonly surface: string;
}

/** A chart on a canvas as wide as its place. It is made anew with another theme, and else only gets the data. */
export function Chart({ label, data, options, height = 180 }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const latest = useRef(data);
  latest.current = data;
  const shown = scheme.value;

  useEffect(() => {
    const target = place.current;
    if (!target) return;
    const size = { width: target.clientWidth, height };
    chart.current = new uPlot({ ...size, ...options(coloursOf(target)) }, latest.current, target);
    const observer = new ResizeObserver(() =>
      chart.current?.setSize({ width: target.clientWidth, height }),
    );
    observer.observe(target);
    return () => {
      observer.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [options, height, shown]);
  useEffect(() => chart.current?.setData(data), [data]);
  return <div ref={place} class="chart" role="img" aria-label={label} />;
}

function coloursOf(element: Element): ChartColours {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--${name}`);
  return {
    ink: colour('ink-2'),
    line: colour('line'),
    accent: colour('accent'),
    good: colour('good'),
    bad: colour('bad'),
    surface: colour('surface'),
  };
}

/** Axes over time in the colours of the theme. @param formatTick writes the values of the vertical axis */
export function axesOf(
  { ink, line }: ChartColours,
  formatTick: (value: number) => string,
): uPlot.Axis[] {
  const common = {
    stroke: ink,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
    font: '12px system-ui, sans-serif',
  };
  return [
    { ...common, space: 80, values: (_, ticks) => ticks.map(timeFormat(ticks)) },
    { ...common, size: 56, values: (_, ticks) => ticks.map(formatTick) },
  ];
}

const DAY = 86_400;

/** Writes ticks, in seconds since 1970: as times of day, or as days where they are that far apart. */
function timeFormat([first = 0, second = first]: readonly number[]): (tick: number) => string {
  const options: Intl.DateTimeFormatOptions =
    second - first < DAY
      ? { hour: '2-digit', minute: '2-digit' }
      : { day: 'numeric', month: 'short' };
  const format = new Intl.DateTimeFormat(language.value, options);
  return (tick) => format.format(tick * 1000);
}
