import { type Calibration, PROMISE_CONFIDENCE, promised } from '@bigrid/inspect';
import { formatShare, t } from '../texts/index.ts';

/** Rates from here on are told in percent: 1 in 1 or 2 is not what people say. */
const COMMON = 0.2;

/** What a threshold promises, in a sentence. */
export function PromiseText({ calibration }: { calibration: Calibration }) {
  const { promise: text } = t.value;
  const { falsePositiveRate, falsePositiveBound, images, parts } = promised(calibration);
  if (falsePositiveRate === undefined || falsePositiveBound === undefined) {
    return <p class="promise">{text.nothing(images)}</p>;
  }
  const isRare = falsePositiveRate < COMMON;
  const rate = isRare
    ? text.rare(Math.round(1 / falsePositiveRate))
    : text.common(formatShare(falsePositiveRate));
  // Rounded so that it stays a bound.
  const bound = isRare
    ? text.oneIn(Math.floor(1 / falsePositiveBound))
    : formatShare(Math.ceil(100 * falsePositiveBound) / 100);
  return (
    <p class="promise">
      {rate} {text.bound(bound, images, parts, formatShare(PROMISE_CONFIDENCE))}
    </p>
  );
}
