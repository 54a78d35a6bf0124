import { expect, onTestFinished, test, vi } from 'vitest';
import { SinkState } from './sink.ts';

const MINUTE = 60_000;

function createState() {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const log: string[] = [];
  const state = new SinkState((trouble) => log.push(trouble));
  return { state, log };
}

test('trouble that lasts, or comes and goes, is logged once', () => {
  const { state, log } = createState();
  for (let second = 0; second < 600; second += 2) {
    state.countLost('away');
    if (second % 8 === 0) state.countDelivered();
    vi.advanceTimersByTime(2000);
  }
  expect(log).toEqual(['away']);
  expect(state).toMatchObject({ delivered: 75, skipped: 300, trouble: 'away' });
  state.countDelivered();
  expect(state.trouble).toBeUndefined();
  vi.advanceTimersByTime(MINUTE + 1);
  state.countLost('away');
  expect(log).toEqual(['away', 'away']);
});

test('trouble that differs each time is logged once a minute', () => {
  const { state, log } = createState();
  for (let second = 0; second < 150; second++) {
    state.countLost(`no space for ${second}.png`);
    vi.advanceTimersByTime(1000);
  }
  expect(log).toEqual(['no space for 0.png', 'no space for 60.png', 'no space for 120.png']);
});
