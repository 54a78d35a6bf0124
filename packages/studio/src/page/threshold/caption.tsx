import { t } from '../texts/index.ts';
import { PromiseText } from '../ui/promise-text.tsx';
import type { Judging } from './judging.ts';
import { countUpTo, type ScoredImages } from './scored-images.ts';

/** What the threshold means: for good parts in the long run, and on the labelled images. */
export function Caption({ judging, all }: { judging: Judging; all: ScoredImages }) {
  const text = t.value.threshold;
  const calibration = judging.calibration.value;
  const above = (scores: Float64Array) => scores.length - countUpTo(scores, calibration.threshold);
  return (
    <div class="caption" aria-live="polite">
      <PromiseText calibration={calibration} />
      {all.defects.length + all.good.length > 0 && (
        <p class="quiet">
          {all.defects.length > 0 && text.catches(above(all.defects), all.defects.length)}{' '}
          {all.good.length > 0 && text.alarms(above(all.good), all.good.length)}
        </p>
      )}
    </div>
  );
}
