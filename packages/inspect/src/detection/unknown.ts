import { thresholdOf } from '../bundle/threshold-rules.ts';
import { resizeMaskNearest } from '../metrics/masks.ts';
import { ascending } from '../metrics/order.ts';
import type { Inspection } from './detector.ts';

/** The share of its map by which an image is unknown: even a large defect leaves more than a tenth of an image normal. */
const LEAST_SHARE = 0.9;
/** The quantile of the highest map values of good images that this share lies above. */
const PEAK: Parameters<typeof thresholdOf>[0] = { kind: 'quantile', amount: 0.25 };

/**
 * Whether an image shows something other than the product: at least nine tenths of its map, ignored parts aside, lie above
 * a value that a quarter of the good images reach nowhere. Only the order of map values matters, so this holds for maps
 * of any scale, and does not depend on the thresholds.
 * @param mapMaxima the highest map values of good images, in any order; at least one
 */
export function isUnknown(
  { map, ignored }: Pick<Inspection, 'map' | 'ignored'>,
  mapMaxima: readonly number[],
): boolean {
  const { width, height, data } = map;
  const peak = thresholdOf(PEAK, ascending(mapMaxima));
  const isIgnored = ignored && resizeMaskNearest(ignored, width, height);
  let [above, counted] = [0, 0];
  for (let at = 0; at < data.length; at++) {
    if (isIgnored?.[at]) continue;
    counted++;
    if ((data[at] as number) > peak) above++;
  }
  return above > 0 && above >= LEAST_SHARE * counted;
}
