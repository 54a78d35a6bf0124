import { counted } from '@bigrid/errors';
import type { OnEvent, WorkEvent } from '@bigrid/node';
import cliProgress from 'cli-progress';
import { formatDuration, onOneLine, paint, printable, say } from './output.ts';

type ProgressEvent = Omit<Extract<WorkEvent, { type: 'progress' }>, 'phase' | 'type'> & {
  readonly phase: string;
};
type SkippedEvent = Extract<WorkEvent, { type: 'skipped' }>;

/** Shows progress on standard error. */
export interface Progress {
  readonly onEvent: OnEvent;
  /** For work without events of its own: call the result with how many are done, and how many of those took no time. */
  count(phase: string, total: number): (done: number, skipped?: number) => void;
  /** Ends the last bar, then prints warnings and the skipped images. To be called in any case, also after errors. */
  finish(): void;
}

/** Between two lines if standard error is not a terminal. */
const SECONDS_BETWEEN_LINES = 3;
/** Maximum number of skipped images named; the rest are counted. */
const MOST_NAMED = 20;
const BAR_WIDTH = 16;
const PHASE_WIDTH = 'abnormal grid'.length;

export interface ProgressOptions {
  readonly quiet?: boolean | undefined;
  /** Whether results are printed meanwhile: then no bar is drawn if standard output is a terminal too. */
  readonly printing?: boolean;
}

/** Bars on a terminal, lines elsewhere, nothing with `--quiet`. */
export function showProgress({ quiet, printing }: ProgressOptions): Progress {
  const isTerminal = process.stderr.isTTY && process.env.TERM !== 'dumb';
  const named: SkippedEvent[] = [];
  const warnings: string[] = [];
  let skipped = 0;
  const display =
    quiet || (printing && process.stdout.isTTY) ? silent() : isTerminal ? bars() : lines();
  return {
    onEvent(event) {
      if (event.type === 'progress') display.show(event);
      else if (event.type === 'warning') warnings.push(event.message);
      else if (event.type === 'skipped' && ++skipped <= MOST_NAMED) named.push(event);
    },
    count(phase, total) {
      const started = performance.now();
      return (done, skipped = 0) => {
        const pace = (performance.now() - started) / 1000 / (done - skipped);
        const secondsLeft = pace * (total - done);
        display.show({ phase, done, total, secondsLeft });
      };
    },
    finish() {
      display.finish();
      for (const warning of warnings) {
        const [first = '', ...rest] = warning.split('\n');
        say(paint('yellow', first, process.stderr), ...rest);
      }
      if (skipped > 0) say(...describeSkipped(named, skipped));
    },
  };
}

interface Display {
  show(event: ProgressEvent): void;
  finish(): void;
}

function silent(): Display {
  return { show() {}, finish() {} };
}

function lines(): Display {
  const clock = phaseClock();
  let shown = 0;
  return {
    show(event) {
      const pace = clock(event);
      const ended = event.done === event.total;
      if (
        event.done === 0 ||
        (!ended && performance.now() - shown < SECONDS_BETWEEN_LINES * 1000)
      ) {
        return;
      }
      shown = performance.now();
      say([`${event.phase} ${event.done}/${event.total}`, ...details(event, pace)].join(', '));
    },
    finish() {},
  };
}

function bars(): Display {
  const clock = phaseClock();
  let bar: cliProgress.SingleBar | undefined;
  let phase: string | undefined;
  let interrupted = false;
  const finish = () => {
    bar?.stop();
    bar = undefined;
  };
  // Line wrapping is off while a bar is drawn; restore it if the process exits in the middle.
  process.once('exit', finish);
  // The message about the interruption comes below the bar, and no bar is drawn over it.
  const interrupt = () => {
    interrupted = true;
    finish();
  };
  process.prependOnceListener('SIGINT', interrupt).prependOnceListener('SIGTERM', interrupt);
  return {
    show(event) {
      if (interrupted) return;
      const pace = clock(event);
      if (event.phase !== phase) finish();
      phase = event.phase;
      bar ??= startBar(event);
      bar.update(event.done, { event, pace });
      if (event.done === event.total) {
        finish();
        phase = undefined;
      }
    },
    finish,
  };
}

function startBar(event: ProgressEvent): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: (_options, _parameters, payload) => printable(renderBar(payload.event, payload.pace)),
    // Signals are handled by the program as a whole.
    gracefulExit: false,
    fps: 8,
  });
  bar.start(event.total, 0, { event, pace: { seconds: 0, done: 0 } });
  return bar;
}

function renderBar(event: ProgressEvent, pace: Pace): string {
  const share = event.total === 0 ? 1 : event.done / event.total;
  const filled = Math.round(share * BAR_WIDTH);
  const colour = event.done === event.total ? 'green' : 'cyan';
  const bar =
    paint(colour, '━'.repeat(filled), process.stderr) +
    paint('dim', '─'.repeat(BAR_WIDTH - filled), process.stderr);
  let line = `${event.done}/${event.total}`;
  const width = (process.stderr.columns || 80) - PHASE_WIDTH - BAR_WIDTH - 4;
  for (const detail of details(event, pace)) {
    if (line.length + 2 + detail.length <= width) line += `  ${detail}`;
  }
  return `${event.phase.padEnd(PHASE_WIDTH)}  ${bar}  ${line}`;
}

/** Rate, time left or taken, and loss. */
function details(
  { phase, done, total, secondsLeft, loss }: ProgressEvent,
  { seconds, done: doneNow }: Pace,
): string[] {
  const pace = seconds > 0.05 ? doneNow / seconds : undefined;
  const unit = phase.endsWith('grid') || phase === 'cross-fitting' ? 'steps/s' : 'images/s';
  const parts: string[] = [];
  if (pace !== undefined && doneNow > 0) parts.push(`${pace.toFixed(pace < 10 ? 1 : 0)} ${unit}`);
  if (done === total) parts.push(`in ${formatDuration(seconds)}`);
  else if (secondsLeft !== undefined) parts.push(`${formatDuration(secondsLeft)} left`);
  if (loss !== undefined) parts.push(`loss ${loss.toPrecision(3)}`);
  return parts;
}

/** What this run did of a phase, and how long it took: a resumed training had done some earlier. */
interface Pace {
  readonly seconds: number;
  readonly done: number;
}

function phaseClock(): (event: ProgressEvent) => Pace {
  let [phase, started, before] = ['', 0, 0];
  return (event) => {
    if (event.phase !== phase || event.done <= before) {
      phase = event.phase;
      started = performance.now();
      // Most phases report a start at 0; some report only once the first item is done.
      before = event.secondsLeft === undefined ? event.done : 0;
    }
    return { seconds: (performance.now() - started) / 1000, done: event.done - before };
  };
}

function describeSkipped(named: readonly SkippedEvent[], skipped: number): string[] {
  const heading = `Skipped ${counted(skipped, 'image')} that could not be read:`;
  return [
    paint('yellow', heading, process.stderr),
    ...named.map(({ error }) => `  ${onOneLine(error.message)}`),
    ...(skipped > named.length ? [`  and ${skipped - named.length} more`] : []),
  ];
}
