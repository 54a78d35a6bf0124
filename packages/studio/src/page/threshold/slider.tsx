import { formatNumber } from '../texts/index.ts';
import { rounded, type ScoreAxis } from './score-axis.ts';

/** Steps that an arrow key moves with Shift. */
const MANY = 20;

interface SliderProps {
  readonly name: 'threshold' | 'unsure';
  readonly label: string;
  readonly axis: ScoreAxis;
  readonly value: number;
  readonly onMove: (value: number) => void;
}

/** A slider as large as the histogram below it; its thumb is a line through it. */
export function Slider({ name, label, axis, value, onMove }: SliderProps) {
  const { lowest, highest, step, digits } = axis;
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLInputElement }) => {
    const direction = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!event.shiftKey || direction === undefined) return;
    event.preventDefault();
    const to = Number(event.currentTarget.value) + direction * MANY * step;
    onMove(rounded(Math.min(highest, Math.max(lowest, to)), digits));
  };
  return (
    <input
      type="range"
      class={`slider ${name}`}
      aria-label={label}
      aria-valuetext={formatNumber(value, digits)}
      min={lowest}
      max={highest}
      step={step}
      value={value}
      onInput={({ currentTarget }) => onMove(rounded(Number(currentTarget.value), digits))}
      onKeyDown={onKeyDown}
    />
  );
}
