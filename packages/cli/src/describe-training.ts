import { counted } from '@bigrid/errors';
import type { Manifest } from '@bigrid/node';
import { formatScore } from './output.ts';

/** What a model was trained on, and the resulting threshold. */
export function describeTraining({ training, calibration, classes }: Manifest): string {
  const { threshold } = calibration;
  const products = classes.length === 1 ? '' : ` of ${classes.length} classes`;
  const all =
    training.leftOut === undefined
      ? ''
      : `of ${counted(training.leftOut + training.images + training.heldOut, 'image')}, `;
  const scored =
    calibration.origin === 'cross-fitted'
      ? `${calibration.scores.length} scored by cross-fitting`
      : `${training.heldOut} held out`;
  const names =
    classes.length === 1 ? 'which lie freely' : `of which ${training.free?.join(', ')} lie freely`;
  const free = training.free ? `${names}, ` : '';
  return `trained on ${all}${counted(training.images, 'good image')}${products}, ${free}${scored} for the threshold, which is ${formatScore(threshold, threshold)}`;
}
