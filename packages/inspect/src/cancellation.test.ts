import { describe, expect, it } from 'vitest';
import { countingEngine, memoryScratches, tinyTraining } from '../testing/fakes.ts';
import type { Phase } from './events.ts';
import { train } from './train.ts';

const cancelled = expect.objectContaining({ code: 'CANCELLED' });

describe('training that is cancelled', () => {
  it.each<[Phase, number]>([
    ['reading', 0],
    ['reading', 5],
    ['abnormal grid', 0],
    ['abnormal grid', 2],
    ['normal grid', 3],
    ['normal grid', 9],
    ['calibrating', 0],
  ])('in phase "%s" after %i stops, and releases everything', async (phase, done) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const scratches = memoryScratches();
    const { engine, state } = countingEngine();
    let after = 0;
    const training = train(
      tinyTraining({
        engine,
        openScratch: scratches.open,
        signal: controller.signal,
        onEvent: (event) => {
          if (controller.signal.aborted) after++;
          else if (event.type === 'progress' && event.phase === phase && event.done === done) {
            controller.abort(reason);
          }
        },
      }),
    );
    await expect(training).rejects.toThrow(cancelled);
    await expect(training).rejects.toMatchObject({ cause: reason });
    expect(controller.signal.aborted).toBe(true);
    expect(scratches.state).toEqual({ opened: 1, disposed: 1 });
    expect(state.open).toBe(0);
    expect(after).toBeLessThanOrEqual(1);
  });

  it('before it starts reads nothing', async () => {
    const scratches = memoryScratches();
    const input = tinyTraining({ openScratch: scratches.open, signal: AbortSignal.abort() });
    await expect(train(input)).rejects.toThrow(cancelled);
    expect(scratches.state.opened).toBe(0);
  });
});

describe('training whose ports fail', () => {
  it('releases everything if there is no space for features', async () => {
    const { engine, state } = countingEngine();
    const full = new Error('no room');
    const openScratch = async () => {
      throw full;
    };
    await expect(train(tinyTraining({ engine, openScratch }))).rejects.toBe(full);
    expect(state.open).toBe(0);
  });

  it.each([1, 2, 3, 4])('releases everything if graph %i does not load', async (nth) => {
    const counting = countingEngine();
    const scratches = memoryScratches();
    let loads = 0;
    const engine = {
      description: 'fails',
      load: async (model: Uint8Array) => {
        if (++loads === nth) throw new Error('no memory');
        return counting.engine.load(model);
      },
    };
    const schedule = { ...tinyTraining().schedule, epochs: 1 };
    const input = tinyTraining({ engine, schedule, openScratch: scratches.open });
    await expect(train(input)).rejects.toThrow('no memory');
    expect(counting.state.open).toBe(0);
    expect(scratches.state.disposed).toBe(scratches.state.opened);
  });
});
