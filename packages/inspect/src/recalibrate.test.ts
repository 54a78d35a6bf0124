import { readModel } from '@bigrid/graph';
import { beforeAll, describe, expect, it } from 'vitest';
import { engine, entry, goodEntries, image, tinyTraining, unreadable } from '../testing/fakes.ts';
import { type Bundle, openBundle, withManifest } from './bundle/bundle.ts';
import { referenceOf } from './calibration/drift.ts';
import { scoreImages } from './calibration/scoring.ts';
import type { WorkEvent } from './events.ts';
import { type RecalibrateInput, recalibrate } from './recalibrate.ts';
import { train } from './train.ts';

const day = '2026-07-04T12:30:45.000Z';
let bundle: Bundle;
beforeAll(async () => {
  bundle = await train(tinyTraining());
});

const today = goodEntries(5, 100);
const defects = [1, 2, 3].map((seed) =>
  entry(`bad/${seed}.png`, () => image(seed, { defect: true })),
);

function recalibrated(over: Partial<RecalibrateInput> = {}): Promise<Bundle> {
  return recalibrate({ engine, bundle, good: today, now: () => new Date(day), ...over });
}

describe('recalibrate', () => {
  it('takes scores and maxima from the images, and keeps the model and the rest of the manifest', async () => {
    const made = await recalibrated({ rules: { threshold: 'max-fpr:0.2' } });
    const scored = await scoreImages({ engine, model: bundle, entries: today });
    const sorted = (values: number[]) => values.sort((a, b) => a - b);
    const byScore = scored.toSorted((a, b) => a.score - b.score);
    const scores = byScore.map(({ score }) => score);
    const mapMaxima = byScore.map(({ mapMaximum }) => mapMaximum);
    expect(made.manifest).toEqual({
      ...bundle.manifest,
      calibration: {
        scores,
        mapMaxima,
        origin: 'given',
        rule: 'max-fpr:0.2',
        threshold: scores[4],
        pixelThreshold: sorted(mapMaxima.slice())[4],
        measuredAt: day,
        images: referenceOf(scored.map(({ statistics }) => statistics)),
      },
    });
    expect(Math.min(...mapMaxima)).toBeGreaterThan(0);
    expect(openBundle(made.bytes).manifest).toEqual(made.manifest);
    expect(readModel(made.bytes).initialisers).toEqual(readModel(bundle.bytes).initialisers);
  });

  it('counts frames of one part once', async () => {
    const frames = today.flatMap((own) => [own, { ...own, path: `${own.path} again` }]);
    const { calibration } = (await recalibrated({ good: frames })).manifest;
    expect([calibration.scores.length, new Set(calibration.groups).size]).toEqual([10, 5]);
    const asked = recalibrated({ good: frames, rules: { threshold: 'max-fpr:0.1' } });
    await expect(asked).rejects.toMatchObject({ code: 'THRESHOLD_UNSUPPORTED' });
  });

  it('keeps the rule of the bundle by default', async () => {
    const first = await recalibrated({ rules: { threshold: 'sigma:2' } });
    const second = await recalibrated({ bundle: first, good: today.slice(1) });
    expect(second.manifest.calibration.rule).toBe('sigma:2');
    expect(second.manifest.calibration.scores).toHaveLength(4);
  });

  it('reads defects only for f1, and sets the threshold between good and defective', async () => {
    const { calibration } = (await recalibrated({ rules: { threshold: 'f1' }, defects })).manifest;
    const [lowestDefect] = (await scoreImages({ engine, model: bundle, entries: defects }))
      .map(({ score }) => score)
      .sort((a, b) => a - b);
    expect(calibration.scores).toHaveLength(5);
    expect(calibration.threshold).toBeGreaterThan(calibration.scores[4] as number);
    expect(calibration.threshold).toBeLessThan(lowestDefect as number);
    const unasked = entry('bad.png', () => Promise.reject(new Error('read for nothing')));
    await recalibrated({ rules: { threshold: 'sigma:2' }, defects: [unasked] });
    await expect(recalibrated({ rules: { threshold: 'f1' } })).rejects.toThrow(
      expect.objectContaining({ code: 'THRESHOLD_UNSUPPORTED' }),
    );
  });

  it('reports progress, and skips unreadable images', async () => {
    const events: WorkEvent[] = [];
    const { manifest } = await recalibrated({
      good: [...today, unreadable('broken')],
      onEvent: (event) => events.push(event),
    });
    expect(manifest.calibration.scores).toHaveLength(5);
    expect(events.filter((event) => event.type === 'skipped')).toMatchObject([{ path: 'broken' }]);
    expect(events.at(-1)).toMatchObject({ phase: 'calibrating', done: 6, total: 6 });
  });

  it('fails if no good image can be read, on an invalid rule, and on cancellation', async () => {
    await expect(recalibrated({ good: [unreadable('a')] })).rejects.toThrow(
      expect.objectContaining({ code: 'DATA_NO_GOOD' }),
    );
    await expect(recalibrated({ rules: { threshold: 'best' } })).rejects.toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
    await expect(recalibrated({ signal: AbortSignal.abort() })).rejects.toThrow(
      expect.objectContaining({ code: 'CANCELLED' }),
    );
  });

  it('refuses images that the model was trained on unless allowSuspect is set', async () => {
    const learnt = goodEntries(12);
    const renamed = learnt.map(({ read }, at) => ({ path: `copy/${at}`, read }));
    for (const model of [bundle, await recalibrated()]) {
      const refused = await recalibrated({ bundle: model, good: [...today, ...renamed] }).catch(
        (error) => error,
      );
      expect(refused).toMatchObject({ code: 'SUSPECT_IMAGES' });
      // Three of twelve were held out.
      expect(refused.message).toMatch(/ 9 of 17 that the model learnt.*copy\/\d.*and 4 more$/s);
    }
    const warnings: string[] = [];
    const made = await recalibrated({
      good: learnt,
      allowSuspect: true,
      onEvent: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(made.manifest.calibration.scores).toHaveLength(12);
    expect(warnings).toEqual([expect.stringContaining('9 of 12 that the model learnt')]);
  });

  it('refuses defects declared good, the highest score first', async () => {
    const lowest = Math.min(
      ...(await scoreImages({ engine, model: bundle, entries: defects })).map(({ score }) => score),
    );
    const threshold = lowest / 4.01;
    const scores = [threshold / 2, threshold];
    const { groups: _, ...measured } = bundle.manifest.calibration;
    const calibration = { ...measured, threshold, scores };
    const strict = withManifest(bundle, { ...bundle.manifest, calibration });
    const refused = await recalibrated({ bundle: strict, good: [...today, ...defects] }).catch(
      (error) => error,
    );
    expect(refused).toMatchObject({ code: 'SUSPECT_IMAGES' });
    expect(refused.message).toMatch(/ 3 of 8 that score more than 4 times/);
    const times = [...refused.message.matchAll(/, ([\d.]+) times/g)].map(([, text]) =>
      Number(text),
    );
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    const made = await recalibrated({ bundle: strict, good: defects, allowSuspect: true });
    expect(made.manifest.calibration.threshold).toBeGreaterThan(4 * threshold);
    // Near-duplicates of training images do not show what other parts score.
    const origin = 'near-duplicates' as const;
    const twins = withManifest(strict, {
      ...strict.manifest,
      calibration: { ...calibration, origin },
    });
    const collected = await recalibrated({ bundle: twins, good: defects });
    expect(collected.manifest.calibration.origin).toBe('given');
  });
});
