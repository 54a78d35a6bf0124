import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import type { JobProgress } from '../state/jobs.ts';
import { scheme } from '../state/theme.ts';
import { formatNumber, t } from '../texts/index.ts';

const HEIGHT = 160;

/** How the loss falls as a model learns. The library for charts loads when there is a curve. */
export function LossCurve({ progress }: { progress: readonly JobProgress[] }) {
  const root = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<uPlot>();
  const [steps, losses] = lossesOf(progress);
  useEffect(() => {
    let isGone = false;
    let made: uPlot | undefined;
    let observer: ResizeObserver | undefined;
    const draw = async () => {
      const [{ default: Chart }] = await Promise.all([
        import('uplot'),
        import('uplot/dist/uPlot.min.css'),
      ]);
      if (isGone || !root.current) return;
      const width = () => root.current?.clientWidth ?? 0;
      const plot = new Chart(optionsFor(root.current, width()), [[], []], root.current);
      made = plot;
      observer = new ResizeObserver(() => plot.setSize({ width: width(), height: HEIGHT }));
      observer.observe(root.current);
      setChart(plot);
    };
    draw();
    return () => {
      isGone = true;
      observer?.disconnect();
      made?.destroy();
    };
  }, []);
  useEffect(() => chart?.setData([steps, losses]), [chart, progress, scheme.value]);
  const text = t.value.train;
  const [first, last] = [losses[0] ?? 0, losses.at(-1) ?? 0];
  return (
    <figure class="train-loss">
      <figcaption>{text.loss}</figcaption>
      <div
        ref={root}
        role="img"
        aria-label={text.lossFromTo(formatNumber(first, 3), formatNumber(last, 3))}
      />
    </figure>
  );
}

/** Steps and losses of all phases that learn, one after the other. */
function lossesOf(progress: readonly JobProgress[]): [number[], number[]] {
  const phases = new Map<string, { total: number; losses: Map<number, number> }>();
  for (const { phase, done, total, loss } of progress) {
    if (loss == null) continue;
    const { losses } = phases.get(phase) ?? { losses: new Map<number, number>() };
    phases.set(phase, { total, losses: losses.set(done, loss) });
  }
  const points: [number, number][] = [];
  let before = 0;
  for (const { total, losses } of phases.values()) {
    for (const [done, loss] of losses) points.push([before + done, loss]);
    before += total;
  }
  points.sort(([a], [b]) => a - b);
  return [points.map(([step]) => step), points.map(([, loss]) => loss)];
}

function optionsFor(root: HTMLElement, width: number): uPlot.Options {
  const styles = getComputedStyle(root);
  // Read with each drawing, since themes change.
  const colour = (name: string) => () => styles.getPropertyValue(name);
  const axis = {
    stroke: colour('--ink-2'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false } },
    axes: [
      { ...axis, size: 28, values: (_, values) => values.map((value) => formatNumber(value)) },
      { ...axis, size: 48, values: (_, values) => values.map((value) => formatNumber(value, 3)) },
    ],
    series: [{}, { stroke: colour('--accent'), width: 2, points: { show: false } }],
  };
}
