import { readModel } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { goodEntries, memoryScratches, tinyTraining } from '../testing/fakes.ts';
import { type Bundle, trainedValues, withManifest } from './bundle/bundle.ts';
import type { Phase } from './events.ts';
import { train } from './train.ts';

describe('training from a bundle', () => {
  it('starts from its weights, and keeps its method', async () => {
    const losses = async (from?: Bundle) => {
      const first = new Map<Phase, number>();
      const method = from ? { ...tinyTraining().method, gridChannels: 64 } : tinyTraining().method;
      const bundle = await train(
        tinyTraining({
          from,
          method,
          // Other images would have other statistics, but the weights fit only the old ones.
          classes: [{ name: 'part', entries: goodEntries(12, from ? 300 : 0) }],
          schedule: { ...tinyTraining().schedule, epochs: 40 },
          onEvent: (event) => {
            if (event.type !== 'progress' || event.loss === undefined) return;
            if (event.done === 1) first.set(event.phase, event.loss);
          },
        }),
      );
      return { first, bundle };
    };
    const fresh = await losses();
    const further = await losses(fresh.bundle);
    for (const phase of ['abnormal grid', 'normal grid'] as const) {
      expect(further.first.get(phase)).toBeLessThan(0.95 * (fresh.first.get(phase) as number));
    }
    expect(further.bundle.manifest.method).toEqual(fresh.bundle.manifest.method);
    const statistics = (bundle: Bundle) => trainedValues(bundle).statistics;
    expect(statistics(further.bundle)).toEqual(statistics(fresh.bundle));
    expect(further.bundle.bytes).not.toEqual(fresh.bundle.bytes);
  });

  it.each([
    ['tables of another size', { gridChannels: 16 }],
    ['statistics of other features', { taps: [0] }],
  ])('refuses %s than its manifest says', async (_, method) => {
    const bundle = await train(
      tinyTraining({ schedule: { ...tinyTraining().schedule, epochs: 1 } }),
    );
    const { manifest } = bundle;
    const lying = withManifest(bundle, { ...manifest, method: { ...manifest.method, ...method } });
    const scratches = memoryScratches();
    await expect(train(tinyTraining({ from: lying, openScratch: scratches.open }))).rejects.toThrow(
      expect.objectContaining({ code: 'BUNDLE_INVALID' }),
    );
    expect(scratches.state).toEqual({ opened: 1, disposed: 1 });
  });

  it('does not modify the original bundle', async () => {
    const bundle = await train(tinyTraining());
    const bytes = bundle.bytes.slice();
    await train(tinyTraining({ from: bundle }));
    expect(bundle.bytes).toEqual(bytes);
    expect(readModel(bytes).initialisers.size).toBeGreaterThan(10);
  });
});
