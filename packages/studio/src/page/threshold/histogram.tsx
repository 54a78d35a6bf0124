import { useLayoutEffect, useRef } from 'preact/hooks';
import { scheme } from '../state/theme.ts';
import { formatNumber, t } from '../texts/index.ts';
import { binned, type ScoreAxis, shareOf, ticksOf } from './score-axis.ts';

interface HistogramProps {
  readonly axis: ScoreAxis;
  /** Scores of good images that were not learned. */
  readonly good: ArrayLike<number>;
  /** Scores of labelled defects. */
  readonly defects: ArrayLike<number>;
}

/** Pixels at both ends, half of a thumb: its middle is where the value is. */
const INSET = 8;
/** Pixels below the bars for the numbers. */
const FOOT = 20;
/** Least pixels of a bar, and of the part of the axis for a number. */
const BAR = 8;
const TICK = 64;

/** How many good images and defects have which scores, on a canvas; the sliders lie over it. */
export function Histogram({ axis, good, defects }: HistogramProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const update = () => draw(element, { axis, good, defects });
    update();
    const observer = new ResizeObserver(update);
    observer.observe(element);
    return () => observer.disconnect();
  }, [axis, good, defects, scheme.value]);
  const text = t.value.threshold;
  return (
    <>
      <canvas ref={canvas} class="histogram" role="img" aria-label={text.histogram} />
      <ul class="legend small quiet">
        <li class="good">
          {text.heldOut} ({formatNumber(good.length)})
        </li>
        {defects.length > 0 && (
          <li class="bad">
            {text.defects} ({formatNumber(defects.length)})
          </li>
        )}
      </ul>
    </>
  );
}

function draw(canvas: HTMLCanvasElement, { axis, good, defects }: HistogramProps): void {
  const context = canvas.getContext('2d');
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!context || width <= 2 * INSET) return;
  const scale = devicePixelRatio;
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  context.scale(scale, scale);
  const styles = getComputedStyle(canvas);
  const bins = Math.max(8, Math.min(64, Math.floor((width - 2 * INSET) / BAR)));
  const series = [
    { counts: binned(axis, good, bins), colour: styles.getPropertyValue('--good') },
    { counts: binned(axis, defects, bins), colour: styles.getPropertyValue('--bad') },
  ];
  const most = Math.max(1, ...series.flatMap(({ counts }) => counts));
  const bar = (width - 2 * INSET) / bins;
  const rise = height - FOOT - INSET;
  for (const { counts, colour } of series) {
    context.fillStyle = colour;
    // Where both are, both are seen.
    context.globalAlpha = 0.75;
    for (const [at, count] of counts.entries()) {
      const tall = count === 0 ? 0 : Math.max(2, (rise * count) / most);
      context.fillRect(INSET + at * bar + 0.5, height - FOOT - tall, bar - 1, tall);
    }
  }
  context.globalAlpha = 1;
  drawAxis(context, axis, { width, height, line: styles.getPropertyValue('--line') });
}

function drawAxis(
  context: CanvasRenderingContext2D,
  axis: ScoreAxis,
  { width, height, line }: { width: number; height: number; line: string },
): void {
  context.fillStyle = line;
  context.fillRect(INSET, height - FOOT, width - 2 * INSET, 1);
  const styles = getComputedStyle(context.canvas);
  context.fillStyle = styles.getPropertyValue('--ink-2');
  context.font = `12px ${styles.fontFamily}`;
  context.textAlign = 'center';
  const length = width - 2 * INSET;
  for (const value of ticksOf(axis, Math.floor(length / TICK))) {
    context.fillText(formatNumber(value, 6), INSET + length * shareOf(axis, value), height - 4);
  }
}
